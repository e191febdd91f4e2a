# SPDX-License-Identifier: Apache-2.0
"""The private httpd of a row: a copy of the module's files, which a fault may replace, its log and its
status page, which say what became of every close."""

import collections
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / folder) for folder in ("", "bench")]

import clients
import httpd

MPMS = ("event", "worker", "prefork")


def program(name):
    """One of t/faults/*.cpp, as it was built."""
    return httpd.OUT / f"faults-{name}"


# Limits under which what stays is over in three seconds.
LONGEST = 6  # seconds: no socket of ours may be held for longer
CONFIG = """\
KeepAliveTimeout 1
LimitRequestBody {upload_max}
"""
FINWAIT = """\
FinWaitDrainIdleTimeout 1
FinWaitDrainTimeout 3
FinWaitTimeout 2
FinWaitLog "{log}"
<Location /finwait-status>
SetHandler finwait-status
</Location>
"""


class Private(httpd.Apache):
    tls = False  # as the load of t/bench asks

    def __init__(self, mpm, is_stock=False):
        super().__init__(mpm, body=clients.BODY)
        self.is_stock = is_stock
        self.launcher = []
        self.log = self.path("finwait.log")
        self.log_directive = None  # where it is not a file
        self.config = CONFIG.format(upload_max=clients.UPLOAD_MAX)
        self.hostile_messages = 0
        self.installed = self.path("installed")
        self.installed.mkdir()
        for name in ("mod_finwait.so", "finwait-closer"):
            shutil.copy(httpd.OUT / name, self.installed)
        self.undo = contextlib.ExitStack()
        self.load = None
        self.page = None

    @property
    def closer_file(self):
        return self.installed / "finwait-closer"

    def command(self):
        self.extra = self.config
        if not self.is_stock:
            self.extra = (httpd.FINWAIT.format(out=self.installed) + self.extra +
                          FINWAIT.format(log=self.log_directive or self.log))
        return self.launcher + super().command()

    def start(self):
        super().start()
        self.page = Page(self)
        return self

    def stop(self, keep_files=False):
        """What of it did not end, as a sentence, or nothing."""
        if self.page:
            self.page.close()
        left = super().stop(keep_files=True)
        self.undo.close()
        if not keep_files:
            self.remove_files()
        return f"processes {left} were still there 10 s after the stop" if left else None

    def replace_closer(self, program):
        """As a package manager does: a new file, moved over."""
        new = self.installed / "new"
        shutil.copy(program, new)
        new.rename(self.closer_file)

    def await_closer(self, but_not=None, seconds=20):
        """Its pid, as soon as one is there that is not this one."""
        found = []
        if not httpd.wait_until(lambda: found.append(self.closer_pid()) or
                                found[-1] not in (None, but_not), seconds):
            raise RuntimeError(f"no closer came within {seconds} s")
        return found[-1]

    def await_child(self, text, seconds=5):
        """The pid of that whose command line has the text, as soon as there is one."""
        found = []

        def look():
            for pid in httpd.children_of(self.pid):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    if text.encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                        found.append(pid)
            return found
        if not httpd.wait_until(look, seconds):
            raise RuntimeError(f"{text} is no child of httpd's")
        return found[0]


class Page:
    """The status page over one connection that is kept alive: looking makes no closes, but for `opened`
    connections less the one that is open."""

    def __init__(self, server):
        self.server, self.connection, self.opened = server, None, 0

    def get(self, query):
        """None if there is no answer."""
        for _ in range(2):
            try:
                if not self.connection:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port,
                                                                 timeout=clients.PATIENCE)
                    self.connection.connect()
                    self.opened += 1
                self.connection.request("GET", f"/finwait-status{query}")
                reply = self.connection.getresponse()
                text = reply.read().decode()
                if reply.will_close:
                    self.close()
                return text if reply.status == 200 else None
            except (OSError, http.client.HTTPException):
                self.close()
        return None

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    @property
    def closed(self):
        return self.opened - (self.connection is not None)

    def counters(self):
        """Of the module and of the closers, by name; the gauges as held and unwritten."""
        text = self.get("?json")
        if text is None:
            return None
        page = json.loads(text)
        module, closer = page["module"], page["closer"]
        held = sum(page["sockets"][phase][state] for phase in ("draining", "waiting")
                   for state in ("fin_wait_1", "fin_wait_2", "closing"))
        return collections.Counter(
            {name: closer[name] for name in ("received", "records", "tallied", "unlogged", "dropped",
                                             "bad_messages", "lost", "shed", "half_written")},
            closes=module["closes"], sent=module["handoffs"] + module["ended"],
            declined=sum(module["declined"].values()), held=held,
            unwritten=page["process"]["unwritten_closes"],
            **{f"declined {reason}": count for reason, count in module["declined"].items() if count})

    def trouble(self):
        text = self.get("?json")
        return "no answer" if text is None else json.loads(text)["trouble"]


class Records:
    """Reads the log as it grows."""

    def __init__(self, path):
        self.path, self.offset, self.rest = path, 0, b""
        self.lines = 0  # Records
        self.broken = 0  # lines of no JSON
        self.longest = 0  # seconds that one of our clients' sockets was held
        self.marks = set()

    def read(self):
        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                text = file.read()
        except FileNotFoundError:
            return self
        self.offset += len(text)
        *lines, self.rest = (self.rest + text).split(b"\n")
        for line in lines:
            self.take(line)
        return self

    def take(self, line):
        try:
            record = json.loads(line)
        except ValueError:
            self.broken += bool(line)
            return
        if record["event.name"] != "finwait.close":
            return
        self.lines += 1
        name = record["user_agent.original"]
        if name.startswith("faults-probe"):
            self.marks.add(name)
        if name.startswith("faults-"):
            self.longest = max(self.longest, record["finwait.drain_ms"] / 1000,
                               record["finwait.fin_wait_2_ms"] / 1000)


def is_root():
    return os.geteuid() == 0
