# SPDX-License-Identifier: Apache-2.0
"""Faults of the log: of its disk and of its program."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys

from closer_faults import Skip

PROGRAM = pathlib.Path(__file__).resolve().parent / "log_program.py"
# Records of it are more than the closer keeps for a program, and for a file.
BURST, FILE_BURST = 1500, 5000


def run(*command):
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    except FileNotFoundError:
        raise Skip(f"{command[0]} is not there") from None
    if done.returncode != 0:
        raise Skip(f"{' '.join(map(str, command))}: {done.stderr.strip()}")


def on_a_disk(server, *options, of="none"):
    """The log lies on a file system of its own."""
    disk = server.path("disk")
    disk.mkdir()
    run("mount", *options, of, disk)
    server.undo.callback(run, "umount", "-l", disk)
    server.log = disk / "finwait.log"
    return disk


def on_a_small_disk(server):
    on_a_disk(server, "-t", "tmpfs", "-o", "size=16m")


@contextlib.contextmanager
def disk_full(server):
    fill = server.path("disk") / "fill"
    with open(fill, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    server.load.burst(FILE_BURST)
    yield
    fill.unlink()


def on_a_loop_device(server):
    image = server.path("image")
    with open(image, "wb") as file:
        file.truncate(64 << 20)
    run("mkfs.ext4", "-q", "-O", "^has_journal", image)
    on_a_disk(server, "-o", "loop", of=image)


@contextlib.contextmanager
def disk_frozen(server):
    disk = server.path("disk")
    run("fsfreeze", "--freeze", disk)
    try:
        yield
    finally:
        run("fsfreeze", "--unfreeze", disk)


def with_a_program(server):
    server.log_directive = (f"|{sys.executable} {PROGRAM} {server.log} {server.path('slow')}"
                            .replace('"', '\\"'))


@contextlib.contextmanager
def program_slow(server):
    """A hundredth of a second for each line: more come than it can take."""
    server.path("slow").touch()
    server.load.burst(BURST)
    yield
    server.path("slow").unlink()


@contextlib.contextmanager
def program_stuck(server):
    pid = server.await_child(PROGRAM.name)
    os.kill(pid, signal.SIGSTOP)
    server.load.burst(BURST)
    yield
    os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def program_dies(server):
    """Three times, the last time just now."""
    for _ in range(3):
        pid = server.await_child(PROGRAM.name)
        os.kill(pid, signal.SIGKILL)
        server.load.burst(100)
    yield
