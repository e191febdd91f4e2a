# SPDX-License-Identifier: Apache-2.0
# client: axel
# kind: program
# debian: axel
# note: ends after its work
. /survey/words.sh
only_once
axel -q -n 1 -o page "$url"
