# SPDX-License-Identifier: Apache-2.0
"""A private server on 127.0.0.1 with a folder of its own, Apache above all: for the demo and the
benchmarks.

It runs as its own daemon, so it can outlive the script that started it. Its processes are known by
pid and start time, never by name.
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
APACHE = os.environ.get("APACHE") or shutil.which(
    "apache2", path=os.environ.get("PATH", "") + ":/usr/sbin") or "apache2"
MODULES = pathlib.Path(os.environ.get("APACHE_MODULES", "/usr/lib/apache2/modules"))
IS_ROOT = os.geteuid() == 0

CONFIG = """\
ServerRoot "{root}"
ServerName localhost
DefaultRuntimeDir "{root}"
PidFile "{root}/pid"
ErrorLog "{root}/error.log"
DocumentRoot "{root}/htdocs"
Listen 127.0.0.1:{port}
LoadModule mpm_{mpm}_module "{modules}/mod_mpm_{mpm}.so"
LoadModule authz_core_module "{modules}/mod_authz_core.so"
{user}
{extra}
"""

FINWAIT = """\
LoadModule finwait_module "{out}/mod_finwait.so"
FinWaitCloser "{out}/finwait-closer"
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


def families():
    """{pid: [its children]} of every process there is, by one look at /proc."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := stat_of(entry)):
            found.setdefault(int(stat[1]), []).append(int(entry))
    return found


def children_of(pid):
    return families().get(pid, [])


class Server:
    """A parent process and all below it, with a folder of their own under /tmp, open to all: the
    server's user may not be able to enter this tree."""

    def __init__(self, body):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="finwait-"))
        self.root.chmod(0o755)
        (self.root / "htdocs").mkdir()
        (self.root / "htdocs" / "index.html").write_bytes(body)
        self.pid = None
        self.port = None

    def path(self, name):
        return self.root / name

    def start(self):
        for _ in range(5):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
            run = self._launch()
            # Another process may have taken the free port in between.
            if "Address already in use" not in run.stderr:
                break
        return self._started(run)

    def start_again(self):
        """After stop(keep_files=True), on the same port."""
        return self._started(self._launch())

    def _launch(self):
        return subprocess.run(self.command(), stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def _started(self, run):
        if run.returncode != 0:
            raise RuntimeError(f"{run.args[0]} did not start:\n{run.stdout}{run.stderr}{self.errors()}")
        if not wait_until(self._is_up, 10):
            raise RuntimeError(f"{run.args[0]} does not answer:\n{self.errors()}")
        return self

    def _is_up(self):
        try:
            self.pid = int(self.path("pid").read_text())
        except (FileNotFoundError, ValueError):
            return False
        return self.is_up()

    def processes(self):
        """{pid: start time} of the parent and everything below it."""
        children, found, queue = families(), {}, [self.pid]
        while queue:
            pid = queue.pop()
            started = start_time(pid)
            if started:
                found[pid] = started
                queue += children.get(pid, [])
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


class Apache(Server):
    def __init__(self, mpm="event", finwait=False, extra="", body=b"Hello.\n", out=OUT):
        """`out`: the folder with the module and its closer."""
        super().__init__(body)
        self.mpm = mpm
        self.extra = (FINWAIT.format(out=out) if finwait else "") + extra

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/index.html"

    def command(self):
        self.path("httpd.conf").write_text(CONFIG.format(
            root=self.root, port=self.port, mpm=self.mpm, modules=MODULES, extra=self.extra,
            user="User www-data\nGroup www-data" if IS_ROOT else ""))
        return [APACHE, "-f", str(self.path("httpd.conf")), "-k", "start"]

    def is_up(self):
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


def alive(processes):
    return {pid: started for pid, started in processes.items() if start_time(pid) == started}
