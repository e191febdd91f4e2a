# SPDX-License-Identifier: Apache-2.0
"""A private Apache on 127.0.0.1 with its own ServerRoot: for the demo and the benchmarks.

It runs as httpd's own daemon, so it can outlive the script that started it. Its processes are
known by pid and start time, never by name.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parent.parent
OUT = pathlib.Path(os.environ.get("OUT", TREE / "build")).resolve()
MODULE = OUT / "mod_finwait.so"
CLOSER = OUT / "finwait-closer"
APACHE = os.environ.get("APACHE") or shutil.which(
    "apache2", path=os.environ.get("PATH", "") + ":/usr/sbin") or "apache2"
MODULES = pathlib.Path(os.environ.get("APACHE_MODULES", "/usr/lib/apache2/modules"))
IS_ROOT = os.geteuid() == 0

CONFIG = """\
ServerRoot "{root}"
ServerName localhost
DefaultRuntimeDir "{root}"
PidFile "{root}/httpd.pid"
ErrorLog "{root}/error.log"
DocumentRoot "{root}/htdocs"
Listen 127.0.0.1:{port}
LoadModule mpm_{mpm}_module "{modules}/mod_mpm_{mpm}.so"
LoadModule authz_core_module "{modules}/mod_authz_core.so"
{user}
{extra}
"""

FINWAIT = """\
LoadModule finwait_module "{module}"
FinWaitCloser "{closer}"
"""


def wait_until(condition, seconds):
    """Whether `condition` became true in time; asks every 20 ms."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def stat_of(pid):
    """The fields of /proc/PID/stat after the command's name, or None without such a process."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2:].split()


def cpu_seconds_of(pid):
    process_clock = 2  # CPUCLOCK_SCHED; clock_getcpuclockid(3) makes the same number
    try:
        return time.clock_gettime((~pid << 3) | process_clock)
    except OSError:
        return 0  # it has just ended


def start_time(pid):
    stat = stat_of(pid)
    return stat[19] if stat and stat[0] != "Z" else None


def children_of(pid):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = stat_of(entry)
            if stat and int(stat[1]) == pid:
                found.append(int(entry))
    return found


class Apache:
    def __init__(self, mpm="event", finwait=False, extra="", body=b"Hello.\n"):
        # Under /tmp and open to all: the server's user may not be able to enter this tree.
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="finwait-"))
        self.root.chmod(0o755)
        (self.root / "htdocs").mkdir()
        (self.root / "htdocs" / "index.html").write_bytes(body)
        self.mpm = mpm
        self.extra = (FINWAIT.format(module=MODULE, closer=CLOSER) if finwait else "") + extra
        self.pid = None
        self.port = None

    def path(self, name):
        return self.root / name

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/index.html"

    def start(self):
        for _ in range(5):
            self._write_config()
            run = subprocess.run([APACHE, "-f", str(self.path("httpd.conf")), "-k", "start"],
                                 stdin=subprocess.DEVNULL, capture_output=True, text=True)
            # Another process may have taken the free port in between.
            if "Address already in use" not in run.stderr:
                break
        if run.returncode != 0:
            raise RuntimeError(f"Apache did not start:\n{run.stdout}{run.stderr}{self.errors()}")
        if not wait_until(self._is_up, 10):
            raise RuntimeError(f"Apache does not answer:\n{self.errors()}")
        return self

    def _write_config(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.path("httpd.conf").write_text(CONFIG.format(
            root=self.root, port=self.port, mpm=self.mpm, modules=MODULES, extra=self.extra,
            user="User www-data\nGroup www-data" if IS_ROOT else ""))

    def _is_up(self):
        try:
            self.pid = int(self.path("httpd.pid").read_text())
        except (FileNotFoundError, ValueError):
            return False
        # The server listens before its children run; one that runs is enough.
        return bool(children_of(self.pid))

    def closer_pid(self):
        for pid in children_of(self.pid):
            try:
                if pathlib.Path(f"/proc/{pid}/comm").read_text() == "finwait-closer\n":
                    return pid
            except (FileNotFoundError, ProcessLookupError):
                pass
        return None

    def processes(self):
        """{pid: start time} of the parent and everything below it."""
        found, queue = {}, [self.pid]
        while queue:
            pid = queue.pop()
            started = start_time(pid)
            if started:
                found[pid] = started
                queue += children_of(pid)
        return found

    def cpu_seconds(self):
        """CPU time of the whole tree. Not from /proc/PID/stat: its ticks of 10 ms, rounded for each of
        64 processes, would say little about a second."""
        return sum(cpu_seconds_of(pid) for pid in self.processes())

    def errors(self):
        try:
            return self.path("error.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def stop(self, keep_files=False):
        """Ends the server; returns the pids of those of its processes that are still there."""
        left = {}
        if self.pid and (tree := self.processes()):
            os.kill(self.pid, signal.SIGTERM)
            wait_until(lambda: not alive(tree), 10)
            left = alive(tree)
        if not keep_files:
            self.remove_files()
        return sorted(left)

    def remove_files(self):
        shutil.rmtree(self.root, ignore_errors=True)


def alive(processes):
    return {pid: started for pid, started in processes.items() if start_time(pid) == started}
