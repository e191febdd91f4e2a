# SPDX-License-Identifier: Apache-2.0
# client: Dillo
# kind: browser
# debian: dillo xvfb xauth
# pattern: ^Dillo/
. /survey/words.sh
not_half
[ "$times" = 1 ] || { echo "nobody is there to press a key"; exit 77; }
xvfb-run -a dillo "$url"
