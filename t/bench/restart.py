# SPDX-License-Identifier: Apache-2.0
"""A graceful restart while 1,000 connections linger: how long the old children stay, and whether a
drain is lost."""

import json
import os
import signal
import time

import httpd
import load
import servers
from held import PATIENT, all_linger
from measure import Series
from result import Aim, Result, Table

SLACK = 0.2


def run(size):
    rows, aims = [], []
    count = size(1000, 20)
    for mpm in servers.MPMS:
        idle = restarts(servers.apache(mpm, "stock"), size(3, 1))
        module, lost = with_lingering(mpm, count, size(3, 1))
        rows += [[f"{mpm}, stock, nothing lingers", Series(idle), Series(idle).range(), ""],
                 [f"{mpm}, module, {count:,} linger", Series(module), Series(module).range(), lost]]
        aims += [Aim(f"{mpm} seconds more than stock", Series(module).median - Series(idle).median,
                     SLACK, at_most=True),
                 Aim(f"{mpm} drains lost", lost, 0, at_most=True)]
    stock = servers.apache("event", "stock")
    lingering = restarts(stock, 1, lambda: load.Crowd(stock, count))
    rows.append([f"event, stock, {count:,} linger", Series(lingering), "", "all of them"])
    return Result([Table("", ["", "seconds", "min–max", "drains lost"], rows)], aims,
                  ["Stock event shortens what lingers to 2 s when it restarts; here no client closes "
                   "within that."])


def restarts(server, times, crowd=None):
    """Seconds until the last old child is gone, of each restart."""
    try:
        server.start()
        load.close_per_request(server, 100)
        if not crowd:
            return [restart(server) for _ in range(times)]
        with crowd():
            return [restart(server) for _ in range(times)]
    finally:
        server.stop()


def restart(server):
    before = {pid: started for pid, started in server.processes().items()
              if pid not in (server.pid, closer_of(server))}
    begin = time.monotonic()
    os.kill(server.pid, signal.SIGUSR1)
    while any(is_there(pid, started) for pid, started in before.items()):
        if time.monotonic() - begin > 60:
            raise RuntimeError("old children are still there after a minute")
        time.sleep(0.002)
    taken = time.monotonic() - begin
    load.close_per_request(server, 100)
    return taken


def is_there(pid, started):
    """Until the parent has seen its end: it starts no new ones before."""
    stat = httpd.stat_of(pid)
    return stat is not None and stat[19] == started


def closer_of(server):
    return server.closer_pid() if isinstance(server, httpd.Apache) else None


def with_lingering(mpm, count, times):
    """(seconds of each restart, drains that did not last until their client closed)"""
    server = servers.apache(mpm, "module", extra=PATIENT)
    try:
        server.start()
        load.close_per_request(server, 100)
        with load.Crowd(server, count) as crowd:
            all_linger(server, count)
            held = crowd.result["requests"]
            taken = [restart(server) for _ in range(times)]
            crowd.leave()
            httpd.wait_until(lambda: ended_by_client(server) >= held, 5)
        return taken, max(0, held - ended_by_client(server))
    finally:
        server.stop()


def ended_by_client(server):
    """Records of bench-client whose drain saw the client's own FIN."""
    lines = server.path("finwait.log").read_text().splitlines(True)
    records = [json.loads(line) for line in lines if line.endswith("\n")]
    return sum(record["user_agent.original"] == "finwait-bench/1.0" and
               record["finwait.drain"] == "fin" for record in records)
