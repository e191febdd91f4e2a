# SPDX-License-Identifier: Apache-2.0
"""A real Apache with clients that never close, Prometheus and alertmanager with the shipped configuration, and
somebody who hears its messages. All on 127.0.0.1; the waits are shortened, the rest is as shipped."""

import http.client
import http.server
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import urllib.request

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
SHIPPED = TREE / "conf" / "fleet" / "prometheus"
sys.path.insert(0, str(TREE / "t"))
import httpd  # noqa: E402
from cache import NotHad  # noqa: E402

CLIENTS = 520  # FinWait2BuildUp wants more than 500
PATIENCE = 60  # seconds
# What only a proxy, or FinWaitAuto, has.
MAY_BE_EMPTY = ("Backends", "Remedies")

CONFIG = """
<Location /finwait-status>
    SetHandler finwait-status
</Location>
FinWaitDrainIdleTimeout 300s
FinWaitDrainTimeout 300s
FinWaitLog {log}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Listener(http.server.ThreadingHTTPServer):
    """Hears what alertmanager sends: (receiver, alarm, "firing" or "resolved") of each alarm."""

    def __init__(self):
        self.heard = set()
        super().__init__(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for alert in message["alerts"]:
                self.server.heard.add((self.path.strip("/"), alert["labels"]["alertname"], alert["status"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass


def hurried(text):
    """The same rules and routes for a test that waits seconds instead of minutes."""
    text = re.sub(r"(?m)^( +for:) \d+m$", r"\1 1s", text)
    text = re.sub(r"(group_wait|group_interval): \w+", r"\1: 1s", text)
    return re.sub(r"(scrape_interval|evaluation_interval): \w+", r"\1: 1s", text)


class Chain:
    def __init__(self, alertmanager_package):
        if not httpd.IS_ROOT:
            raise NotHad("alertmanager's folder is mounted, which only root may do")
        self.package = alertmanager_package
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="finwait-alarms-"))
        self.listener = Listener()
        self.apache = httpd.Apache(finwait=True, extra=CONFIG.format(log=self.root / "finwait.log"))
        self.ports = {name: free_port() for name in ("prometheus", "alertmanager")}
        self.programs, self.clients = [], []

    def __enter__(self):
        try:
            self.apache.start()
            self._configure()
            self._start_alertmanager()
            self._start("prometheus", f"--config.file={self.root}/prometheus.yml",
                        f"--storage.tsdb.path={self.root}/data",
                        f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.close()
        for program in self.programs:
            program.terminate()
        for program in self.programs:
            program.wait(30)
        self.listener.shutdown()
        self.apache.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def _configure(self):
        for shipped in SHIPPED.glob("*.yml"):
            text = hurried(shipped.read_text())
            text = text.replace("127.0.0.1:9093", f"127.0.0.1:{self.ports['alertmanager']}")
            text = text.replace("127.0.0.1:9095", f"127.0.0.1:{self.listener.server_port}")
            (self.root / shipped.name).write_text(text)
        (self.root / "finwait-targets.yml").write_text(json.dumps(
            [{"targets": [f"127.0.0.1:{self.apache.port}"], "labels": {"site": "here"}}]))

    def _start(self, program, *words):
        log = open(self.root / f"{pathlib.Path(program).name}.log", "wb")
        self.programs.append(subprocess.Popen([program, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def _start_alertmanager(self):
        """Debian's looks for a template in /usr/share, where the machine need not have it."""
        self._start("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /usr/share/prometheus && exec "$@"',
                    self.package / "usr" / "share" / "prometheus",
                    self.package / "usr" / "bin" / "prometheus-alertmanager",
                    f"--config.file={self.root}/alertmanager.yml", f"--storage.path={self.root}/alerts",
                    "--cluster.listen-address=",
                    f"--web.listen-address=127.0.0.1:{self.ports['alertmanager']}")

    def fill_fin_wait_2(self):
        """Each asks for the close, and never closes."""
        for _ in range(CLIENTS):
            client = socket.create_connection(("127.0.0.1", self.apache.port))
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            while client.recv(65536):
                pass
            self.clients.append(client)

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.apache.port, timeout=PATIENCE)
        connection.request("GET", "/finwait-status?metrics", headers={"Connection": "close"})
        return connection.getresponse().read().decode()

    def answers(self, expression):
        """Whether Prometheus has anything to say to it, within a while."""
        url = (f"http://127.0.0.1:{self.ports['prometheus']}/api/v1/query?" +
               urllib.parse.urlencode({"query": expression}))

        def has_result():
            self.metrics()  # each is a close, too
            with urllib.request.urlopen(url, timeout=PATIENCE) as reply:
                return bool(json.load(reply)["data"]["result"])
        return has_result() or httpd.wait_until(has_result, 10)

    def expect(self, *message):
        if not httpd.wait_until(lambda: message in self.listener.heard, PATIENCE):
            logs = "".join(log.read_text()[-3000:] for log in self.root.glob("*.log") if "finwait" not in log.name)
            raise OSError(f"never heard {message}, but {sorted(self.listener.heard)}\n{logs}")

    def stop_httpd(self):
        self.apache.stop(keep_files=True)

    def start_httpd(self):
        self.apache.start_again()
