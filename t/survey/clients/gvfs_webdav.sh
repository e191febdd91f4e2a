# SPDX-License-Identifier: Apache-2.0
# client: GNOME Files (GVfs WebDAV)
# kind: program
# debian: gvfs-backends libglib2.0-bin glib-networking dbus dbus-x11
# pattern: ^gvfs/
. /survey/words.sh
not_half
export GIO_USE_NETWORK_MONITOR=base
place="dav${tls:+s}://$host:$port/dav"
dbus-run-session sh -c "gio mount $place/
$(each_time echo gio cat "$place/page.html")
sleep 3600"
