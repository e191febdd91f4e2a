# SPDX-License-Identifier: Apache-2.0
# client: Epiphany
# kind: browser
# debian: epiphany-browser xvfb xauth dbus dbus-x11 glib-networking
# heavy: yes
. /survey/words.sh
[ "$size" = 0 ] || url="$base/half.html"
[ "$times" = 1 ] || url="$base/ten.html"
export WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1 LIBGL_ALWAYS_SOFTWARE=1
xvfb-run -a dbus-run-session epiphany-browser --private-instance "$url"
