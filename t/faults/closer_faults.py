# SPDX-License-Identifier: Apache-2.0
"""Faults of the closer and of what it has from the machine. Each begins when it is entered and ends when
it is left; what is given to it is the running server."""

import contextlib
import ctypes
import os
import pathlib
import signal
import socket
import struct
import subprocess
import time

import httpd
import load
from private import is_root, program


class Skip(Exception):
    """It cannot be made here, and why."""


def signal_closer(server, number):
    """A closer that has just died is no closer."""
    if pid := server.closer_pid():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    return pid


@contextlib.contextmanager
def killed(server):
    signal_closer(server, signal.SIGKILL)
    yield


@contextlib.contextmanager
def stopped(server):
    """For as long as nobody ends it."""
    pid = signal_closer(server, signal.SIGSTOP)
    started = httpd.start_time(pid)
    yield
    server.undo.callback(lambda: httpd.start_time(pid) == started and os.kill(pid, signal.SIGCONT))


@contextlib.contextmanager
def replaced(server):
    """By one of another version, as an upgrade does; then the old one dies."""
    server.replace_closer(program("other-version-closer"))
    signal_closer(server, signal.SIGKILL)
    yield


@contextlib.contextmanager
def killed_again_and_again(server):
    over = time.monotonic() + 5
    while time.monotonic() < over:
        signal_closer(server, signal.SIGKILL)
        time.sleep(0.2)
    yield


PIDFD_GETFD = 438  # the number of the system call, the same on every machine


def lanes_of(pid):
    """The channel's sending ends, as a child has them."""
    process, libc = os.pidfd_open(pid), ctypes.CDLL(None)
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
                continue
            fd = libc.syscall(PIDFD_GETFD, process, int(name), 0)
            if fd < 0:
                raise Skip("a child's descriptors cannot be had")
            with socket.socket(fileno=fd) as lane:
                if lane.type == socket.SOCK_SEQPACKET:
                    yield lane
    finally:
        os.close(process)


@contextlib.contextmanager
def not_reading(server):
    """For two seconds, in which more closes come than the channel now holds; too short to be a hang."""
    pid = server.await_closer()
    child = next(child for child in httpd.children_of(server.pid) if child != pid)
    for lane in lanes_of(child):
        lane.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    signal_closer(server, signal.SIGSTOP)
    try:
        time.sleep(2)
    finally:
        os.kill(pid, signal.SIGCONT)
    yield


def with_few_descriptors(server):
    server.launcher = ["prlimit", "--nofile=400:400"]


@contextlib.contextmanager
def crowded(server):
    """By more clients that stay than there are descriptors."""
    with load.Crowd(server, 900, connections=16, seconds=20) as crowd:
        server.load.count("connections", crowd.result["requests"] + crowd.result["errors"])
        yield


def as_its_user(pid):
    """Root alone may not set the limits of another user's process; its user may lower them."""
    if not is_root():
        return []
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    uid, gid = (status.split(f"\n{what}:\t")[1].split()[0] for what in ("Uid", "Gid"))
    return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]


@contextlib.contextmanager
def without_descriptors(server):
    """The closer may open no more than it has: what it is sent arrives without its socket."""
    pid = server.await_closer()
    asked = [*as_its_user(pid), "prlimit", "--pid", str(pid)]
    before = subprocess.check_output([*asked, "--nofile", "--noheadings", "--output", "SOFT"], text=True)

    def allow(descriptors):
        subprocess.run([*asked, f"--nofile={descriptors}:"], check=True, capture_output=True)

    allow(len(os.listdir(f"/proc/{pid}/fd")))
    yield
    if httpd.start_time(pid):
        allow(before.strip())


MEMORY = 1 << 20  # beyond what it has already
CGROUPS = pathlib.Path("/sys/fs/cgroup")


@contextlib.contextmanager
def memory_group():
    """(the group's folder, the name of the file with its limit) of cgroups in version 1 or 2."""
    is_v2 = (CGROUPS / "cgroup.controllers").exists()
    folder = CGROUPS / ("" if is_v2 else "memory") / f"finwait-faults-{os.getpid()}-{time.time_ns()}"
    try:
        folder.mkdir()
        (folder / "cgroup.procs").stat()
        limit = folder / ("memory.max" if is_v2 else "memory.limit_in_bytes")
        limit.write_text(str(MEMORY))
    except OSError as caught:
        with contextlib.suppress(OSError):
            folder.rmdir()
        raise Skip(f"no memory cgroup can be made: {caught}") from None
    try:
        yield folder
    finally:
        httpd.wait_until(lambda: remove(folder), 5)


def remove(folder):
    with contextlib.suppress(OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            (folder.parent / "cgroup.procs").write_text(pid)
        folder.rmdir()
    return not folder.exists()


def with_many_accounts(server):
    server.config += "FinWaitLedgerSize 65536\n"


@contextlib.contextmanager
def short_of_memory(server):
    """So many names that their accounts do not fit; the kernel ends whoever goes on."""
    pid = server.await_closer()
    with memory_group() as folder:
        (folder / "cgroup.procs").write_text(str(pid))
        server.load.burst(3000, user_agents=True)
        yield


def with_a_clock(server):
    """One that is set for httpd and for the closer, and for nobody else."""
    server.path("clock").write_bytes(struct.pack("q", 0))
    server.path("clock").chmod(0o644)
    (server.installed / "clock").symlink_to(server.path("clock"))
    if not server.is_stock:
        server.replace_closer(program("set-clock-closer"))
    server.launcher = ["env", f"LD_PRELOAD={program('set-clock.so')}",
                       f"FINWAIT_CLOCK={server.path('clock')}"]


@contextlib.contextmanager
def clock_set(server):
    """An hour on, an hour back, and to and fro."""
    with open(server.path("clock"), "r+b", buffering=0) as clock:
        for hours in (1, -1, 24, -24, 1, 0, -1, 0):
            os.pwrite(clock.fileno(), struct.pack("q", 3600 * hours), 0)
            time.sleep(0.6)
    yield
