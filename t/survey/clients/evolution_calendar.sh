# SPDX-License-Identifier: Apache-2.0
# client: Evolution calendar (CalDAV)
# kind: program
# debian: evolution-data-server gir1.2-ecal-2.0 python3-gi glib-networking dbus dbus-x11
# heavy: yes
# pattern: ^Evolution/
. /survey/words.sh
not_half
method=none
[ -z "$tls" ] || method=tls
mkdir -p .config/evolution/sources
cat >.config/evolution/sources/survey.source <<DONE
[Data Source]
DisplayName=survey
Enabled=true
Parent=caldav-stub
[Calendar]
BackendName=caldav
[Authentication]
Host=$host
Port=$port
Method=none
[Security]
Method=$method
[WebDAV Backend]
ResourcePath=/calendar/
DONE
export GIO_USE_NETWORK_MONITOR=base
dbus-run-session /usr/bin/python3 - "$times" <<'DONE'
import sys

import gi
gi.require_version("ECal", "2.0")
gi.require_version("EDataServer", "1.2")
from gi.repository import ECal, EDataServer, GLib

source = EDataServer.SourceRegistry.new_sync(None).ref_source("survey")
client = ECal.Client.connect_sync(source, ECal.ClientSourceType.EVENTS, 30, None)
for _ in range(int(sys.argv[1]) - 1):
    client.refresh_sync(None)
GLib.MainLoop().run()
DONE
