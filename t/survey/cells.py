# SPDX-License-Identifier: Apache-2.0
"""A cell is one client over one protocol in one situation: a process in the survey's Debian that
fetches, and then idles until the Records of its connections are there."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from root import ROOT
from server import PROTOCOLS, SITUATIONS, cell_address, host_of

SECONDS_MAX = 240
QUIET_SECONDS = 3  # without a connection, once a Record is there
PORTS_BEGIN = 20000
TIME_WAIT, LISTEN = "06", "0A"
NOBODYS = "0"  # inode of a socket that the kernel goes on with alone
CANNOT = 77

START = ('mount -t proc proc "$0/proc" && chroot --userspec={user}:{user} "$0" /usr/bin/env -i "$@"; '
         'exit $?')


class Cell:
    def __init__(self, client, number, protocol, situation):
        self.client, self.protocol, self.situation = client, protocol, situation
        self.name = f"{client.slug}-{protocol}-{situation}"
        self.address = cell_address(number, protocol, situation)
        self.port = PORTS_BEGIN + int(self.address.split(".")[2]) * 16 + int(self.address.split(".")[3])
        self.process = self.output = None
        self.has_connected = False
        self.quiet_since = None

    @property
    def home(self):
        return ROOT / "home/survey" / self.name

    def start(self):
        page, times, size = SITUATIONS[self.situation]
        origin = PROTOCOLS[self.protocol].format(host=host_of(self.client.slug, self.protocol, self.situation))
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir()
        owner = ROOT.joinpath("home/survey").stat()
        os.chown(self.home, owner.st_uid, owner.st_gid)
        home = f"/home/survey/{self.name}"
        command = self.client.words(self.client.language.run)
        if "{file}" in self.client.language.run:
            command = command.replace(self.client.file.name, f"/survey/{self.client.file.name}")
        folder = home if "{file}" in self.client.language.run else "/survey"
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/usr/games", "HOME": home, "LANG": "C.UTF-8",
            "USER": self.client.user, "PORT": str(self.port), "NODE_PATH": "/survey/node_modules",
            "XDG_RUNTIME_DIR": home, "NODE_EXTRA_CA_CERTS": "/etc/ssl/certs/ca-certificates.crt",
            "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}
        self.output = open(self.home.parent / f"{self.name}.out", "w+")
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", START.format(user=self.client.user), str(ROOT),
             *(f"{key}={value}" for key, value in environment.items()),
             "sh", "-c", f"cd {folder} && exec {command} \"$@\"", "sh", f"{origin}/{page}", str(times), str(size)],
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output, start_new_session=True)

    def seconds(self):
        return time.monotonic() - self.begun

    def said(self):
        self.output.flush()
        lines = pathlib.Path(self.output.name).read_text(errors="replace").strip().splitlines()
        return re.sub(r"[^ -~]", "", lines[-1])[:200] if lines else ""

    def look(self, is_open, has_record):
        """None while it is to go on, else what became of it."""
        status = self.process.poll()
        self.has_connected |= is_open or has_record
        if is_open:
            self.quiet_since = None
        elif self.quiet_since is None and (has_record or status is not None):
            self.quiet_since = time.monotonic()
        if status == CANNOT:
            return {"cannot": self.said()}
        if self.seconds() > SECONDS_MAX:
            return {"failed": "its connection was still open" if is_open else f"no connection: {self.said()}"}
        if self.quiet_since is None or time.monotonic() - self.quiet_since < QUIET_SECONDS:
            return None
        return {"done": True} if has_record else {"failed": f"status {status}: {self.said()}"}

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.output.close()
        shutil.rmtree(self.home, ignore_errors=True)


def open_addresses():
    """The server's addresses that have a connection, or half of one."""
    found = set()
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, _, _, _, _, _, inode = line.split()[:10]
        if state not in (TIME_WAIT, LISTEN) and inode != NOBODYS:
            number = int(local[:8], 16)
            found.add(".".join(str(number >> shift & 255) for shift in (0, 8, 16, 24)))
    return found


def read_records(lines):
    for line in lines:
        record = json.loads(line)
        if record["event.name"] == "finwait.close":
            yield record
