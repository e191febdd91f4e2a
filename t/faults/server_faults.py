# SPDX-License-Identifier: Apache-2.0
"""Faults of httpd's surroundings, and what an administrator does to it."""

import contextlib
import os
import pathlib
import signal
import sys

import httpd

HERE = pathlib.Path(__file__).resolve().parent
RESTARTS = 100
RESTARTED = "resuming normal operations"


def without_netlink(server):
    server.launcher = [sys.executable, "-B", str(HERE / "deny_netlink.py")]


@contextlib.contextmanager
def no_netlink(server):
    if "ermission denied" not in (why := server.page.get("?json") or ""):
        raise RuntimeError(f"netlink is not denied: {why}")
    yield


def graceful(server):
    before = server.errors().count(RESTARTED)
    os.kill(server.pid, signal.SIGUSR1)
    if not httpd.wait_until(lambda: server.errors().count(RESTARTED) > before, 10):
        raise RuntimeError("a graceful restart took more than 10 s")


@contextlib.contextmanager
def restarted_often(server):
    for _ in range(RESTARTS):
        graceful(server)
    yield


@contextlib.contextmanager
def restarted(server):
    graceful(server)
    yield


def with_children_of_one_connection(server):
    server.config += "MaxConnectionsPerChild 1\n"


@contextlib.contextmanager
def nothing_more(_):
    yield
