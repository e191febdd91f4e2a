# SPDX-License-Identifier: Apache-2.0
"""The server of the survey: a private Apache with three ports, in a network namespace of its own. Each
client has addresses there that no other has, so that a Record says by itself whose it is: it comes
from the client's own and went to that of the cell."""

import json
import subprocess
import sys

from root import DOMAIN, ROOT, STATE, TLS, WWW
from clients import HERE

sys.path.insert(0, str(HERE.parent))
import httpd

PROTOCOLS = {"http1": "http://{host}", "tls": "https://{host}:8443", "h2": "https://{host}"}
SITUATIONS = {"one": ("page.html", 1, 0), "ten": ("page.html", 10, 0), "half": ("large.bin", 1, 12_000_000)}
CELLS = [(protocol, situation) for protocol in PROTOCOLS for situation in SITUATIONS]

# After ten seconds without its FIN a client is stuck, after another sixty it is given up.
DRAIN_SECONDS, WAIT_SECONDS = 10, 60
CONFIG = """\
Listen 0.0.0.0:80
Listen 0.0.0.0:443 https
Listen 0.0.0.0:8443 https
{modules}
TypesConfig /dev/null
AddType text/html .html
AddType application/rss+xml .xml
AddType application/rtf .rtf
AddType audio/x-wav .wav
DavLockDB locks
SSLCertificateFile {tls}/server.pem
SSLCertificateKeyFile {tls}/server.key
DirectoryIndex index.html
Timeout 10
KeepAliveTimeout 2
FinWaitLog "{log}"
FinWaitDrainIdleTimeout {drain}s
FinWaitShortDrainTimeout {drain}s
FinWaitTimeout {wait}s
DocumentRoot "{www}"
<Location /dav>
    Dav On
    DirectorySlash Off
</Location>
ScriptAlias /calendar "{root}/survey/calendar.cgi"
<Location /calendar>
    Header always set DAV "1, calendar-access"
</Location>
<VirtualHost *:80>
    ServerName http1.{domain}
</VirtualHost>
<VirtualHost *:8443>
    ServerName tls.{domain}
    SSLEngine On
</VirtualHost>
<VirtualHost *:443>
    ServerName h2.{domain}
    SSLEngine On
    Protocols h2 http/1.1
</VirtualHost>
"""
MODULES = ("alias", "cgid", "dav", "dav_fs", "dir", "headers", "http2", "mime", "setenvif", "ssl")
# What a client does at HTTP/2's GOAWAY alone: goaway_alone.c.
GOAWAY_ALONE = f"""\
LoadModule goaway_alone_module "{httpd.OUT}/survey-goaway_alone.so"
FinWaitShortDrainTimeout 1s
FinWaitTimeout 1s
"""


def numbers_of(clients):
    """{slug: its number}, for ever the same in this state."""
    path = STATE / "numbers.json"
    numbers = json.loads(path.read_text()) if path.exists() else {}
    for client in clients:
        numbers.setdefault(client.slug, len(numbers) + 1)
    path.write_text(json.dumps(numbers, indent=1) + "\n")
    if len(numbers) > 250:
        raise SystemExit("survey: 250 clients are numbered, more than one net holds: start anew with FRESH=1")
    return numbers


def peer_address(number):
    return f"127.1.{number}.254"


def cell_address(number, protocol, situation):
    return f"127.1.{number}.{CELLS.index((protocol, situation)) + 1}"


def host_of(slug, protocol, situation):
    return f"{slug}-{protocol}-{situation}.{DOMAIN}"


def hosts(numbers):
    lines = ["127.0.0.1 localhost"]
    for slug, number in numbers.items():
        for protocol, situation in CELLS:
            lines.append(f"{cell_address(number, protocol, situation)} {host_of(slug, protocol, situation)}")
    return "\n".join(lines) + "\n"


def set_up_network(numbers):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # A resolver asked for usable families only (AI_ADDRCONFIG) takes loopback for no network at all.
    subprocess.run(["ip", "link", "add", "aside", "type", "veth", "peer", "name", "nowhere"], check=True)
    subprocess.run(["ip", "address", "add", "192.0.2.1/24", "dev", "aside"], check=True)
    for name in ("aside", "nowhere"):
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
    for number in numbers.values():
        subprocess.run(["ip", "route", "add", "local", f"127.1.{number}.0/24", "dev", "lo", "src",
                        peer_address(number), "table", "local"], check=True)


def start_server(log, extra=""):
    modules = "\n".join(f'LoadModule {name}_module "{httpd.MODULES}/mod_{name}.so"' for name in MODULES)
    return httpd.Apache(finwait=True, extra=CONFIG.format(
        modules=modules, tls=TLS, log=log, drain=DRAIN_SECONDS, wait=WAIT_SECONDS, www=WWW,
        root=ROOT, domain=DOMAIN) + extra).start()
