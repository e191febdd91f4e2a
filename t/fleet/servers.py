# SPDX-License-Identifier: Apache-2.0
"""The servers of a fleet as plain processes on 127.0.0.1, each in a folder of its own below one that goes with them. They are
known by their Popen and ended by it."""

import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "t"))
import httpd  # noqa: E402

CONF = TREE / "conf" / "fleet"
PASSWORDS = {"ship": "ship's word", "report": "report's word"}


def cache():
    """Where t/fleet/unpack has put what there is to be had."""
    return pathlib.Path(subprocess.run([TREE / "t/fleet/unpack"], check=True, capture_output=True, text=True).stdout.strip())


def free_ports(count):
    """Different ones; another process may still take one before it is used."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Refused(Exception):
    """What the server said instead of an answer."""


def ask(url, body=b"", user=None, seconds=60, headers=None):
    request = urllib.request.Request(url, (body if isinstance(body, bytes) else body.encode()) or None, headers or {})
    if user:
        import base64
        word = base64.b64encode(f"{user}:{PASSWORDS[user]}".encode()).decode()
        request.add_header("Authorization", f"Basic {word}")
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        raise Refused(f"{error.code}: {error.read().decode(errors='replace')[:600]}") from None


class Place:
    """A folder for all servers of one fleet."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="finwait-fleet-"))
        self.root.chmod(0o755)
        self.cache = cache()
        self.debian = self.cache / "debian"
        self.servers = []

    def environment(self):
        usr = self.debian / "usr/lib"
        paths = f"{usr}/x86_64-linux-gnu:{usr}/aarch64-linux-gnu:{usr}/syslog-ng:{usr}"
        return os.environ | {"LD_LIBRARY_PATH": paths}

    def has_debian(self):
        return (self.debian / "unpacked").exists()

    def has_chdb(self):
        return (self.cache / "chdb/node_modules/.package-lock.json").exists() and shutil.which("node") is not None

    def stop(self):
        """In the order opposite to that of their starts: ClickHouse waits for a ZooKeeper that is gone."""
        for server in reversed(self.servers):
            server.stop()
        shutil.rmtree(self.root, ignore_errors=True)


class Server:
    def __init__(self, place, name):
        self.place, self.name = place, name
        self.root = place.root / name
        self.root.mkdir()
        self.process = None
        place.servers.append(self)

    def command(self):
        raise NotImplementedError

    def is_up(self):
        raise NotImplementedError

    def start(self, wait=True):
        log = open(self.root / "output", "ab")
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.root,
                                        env=self.place.environment(), start_new_session=True)
        if wait:
            self.wait()
        return self

    def wait(self, seconds=60):
        if not httpd.wait_until(lambda: self.process.poll() is not None or self.is_up(), seconds) or self.process.poll() is not None:
            raise RuntimeError(f"{self.name} did not start:\n{self.output()}")

    def output(self):
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in sorted(self.root.glob("*"))
                         if path.name in ("output", "error.log"))

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()


def password_sum(user):
    return hashlib.sha256(PASSWORDS[user].encode()).hexdigest()
