# SPDX-License-Identifier: Apache-2.0
# client: w3m
# kind: browser
# debian: w3m
# pattern: ^w3m/
. /survey/words.sh
not_half
[ "$times" = 1 ] || { echo "nobody is there to press a key"; exit 77; }
in_terminal "w3m '$url'"
