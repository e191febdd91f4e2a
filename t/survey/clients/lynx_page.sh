# SPDX-License-Identifier: Apache-2.0
# client: Lynx
# kind: browser
# debian: lynx
# pattern: ^Lynx/
. /survey/words.sh
not_half
[ "$times" = 1 ] || { echo "nobody is there to press a key"; exit 77; }
in_terminal "lynx -accept_all_cookies '$url'"
