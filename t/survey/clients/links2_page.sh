# SPDX-License-Identifier: Apache-2.0
# client: Links 2
# kind: browser
# debian: links2
# pattern: ^Links \(2
. /survey/words.sh
not_half
[ "$times" = 1 ] || { echo "nobody is there to press a key"; exit 77; }
in_terminal "links2 '$url'"
