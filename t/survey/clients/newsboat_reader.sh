# SPDX-License-Identifier: Apache-2.0
# client: Newsboat
# kind: program
# debian: newsboat
# pattern: ^newsboat/
. /survey/words.sh
not_half
each_time echo "$base/feed.xml?" | awk '{ print $0 NR }' >urls
in_terminal "newsboat -r -u urls -c cache.db"
