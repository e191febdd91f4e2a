# SPDX-License-Identifier: Apache-2.0
# client: ELinks
# kind: browser
# debian: elinks
# pattern: ^ELinks/
. /survey/words.sh
not_half
[ "$times" = 1 ] || { echo "nobody is there to press a key"; exit 77; }
in_terminal "elinks -no-connect '$url'"
