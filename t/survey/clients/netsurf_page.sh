# SPDX-License-Identifier: Apache-2.0
# client: NetSurf
# kind: browser
# debian: netsurf-gtk xvfb xauth
# pattern: NetSurf/
. /survey/words.sh
not_half
[ "$times" = 1 ] || { echo "nobody is there to press a key"; exit 77; }
xvfb-run -a netsurf-gtk "$url"
