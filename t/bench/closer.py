# SPDX-License-Identifier: Apache-2.0
"""What the closer costs: per close at full load, and per look at the sockets that it follows."""

import json
import os
import subprocess
import time

import httpd
import load
import measure
import servers
from measure import Series
from result import Aim, Result, Table

INTERVAL = 0.2
FOLLOW = f"""\
FinWaitDrainIdleTimeout 100ms
FinWaitTimeout 60s
FinWaitSampleInterval {INTERVAL * 1000:.0f}ms
"""


def closes(size):
    """The closer with Records and ledger, at the rate that this machine's clients and server reach."""
    rows, aims, wanted = [], [], size(50_000, 500)
    for mpm in servers.MPMS:
        server = servers.apache(mpm, True)
        try:
            server.start()
            load.close_per_request(server, 100)
            closer = server.closer_pid()
            cpu, (user, system) = httpd.cpu_seconds_of(closer), measure.times_of(closer)
            count, seconds, _ = load.close_per_request(server, wanted)
            time.sleep(0.1)
            cpu = httpd.cpu_seconds_of(closer) - cpu
            user, system = (now - then for now, then in zip(measure.times_of(closer),
                                                             (user, system)))
            records = server.path("finwait.log").read_bytes().count(b"\n")
        finally:
            server.stop()
        each = 1e6 * cpu / count
        rows.append([mpm, int(count), records, count / seconds, each,
                     100 * system / max(0.01, user + system)])
        aims.append(Aim(f"{mpm} µs per close", each, 10, at_most=True))
    return Result([Table("", ["", "closes", "Records", "closes/s", "closer's CPU µs per close",
                              "% of it in system calls"], rows)], aims)


def following(size):
    """The closer's CPU time per sweep, beside one bare walk of the kernel over both families and
    ss. They take turns, so that all see the same kernel."""
    count = size(15_000, 100)
    measure.wait_for_room(count)
    server = servers.apache("event", True, extra=FOLLOW)
    try:
        server.start()
        load.close_per_request(server, 100)
        closer = server.closer_pid()
        with load.Crowd(server, count):
            if not httpd.wait_until(lambda: descriptors(closer) < 100, 20):
                raise RuntimeError("the closer still holds sockets")
            followed = len(measure.lingering(server.port))
            sweeps, walks, looks = [], [], []
            for _ in range(size(10, 1)):
                sweeps.append(sweep_ms(closer, size(5, 2)))
                walks.append(walk_ms())
                looks.append(ss_ms())
    finally:
        server.stop()
    rows = [[name, Series(values, 2), Series(values, 2).range()] for name, values in (
        ("the closer, per sweep", sweeps), ("a bare walk", walks), ("ss", looks))]
    return Result([Table(f"{followed:,} sockets followed", ["", "CPU ms", "min–max"], rows)],
                  [Aim("sweep/bare walk", ratio(sweeps, walks), 2, at_most=True),
                   Aim("sweep/ss", ratio(sweeps, looks), 0.333, at_most=True)])


def ratio(values, others):
    return Series(value / max(1e-9, other) for value, other in zip(values, others))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def sweep_ms(closer, intervals):
    before = httpd.cpu_seconds_of(closer)
    time.sleep(intervals * INTERVAL)
    return 1000 * (httpd.cpu_seconds_of(closer) - before) / intervals


def walk_ms():
    return json.loads(load.run([httpd.OUT / "bench-walk", 3]))["cpu_ms"]


def ss_ms():
    """With timers and cookies, as the closer has them."""
    process = subprocess.Popen(["ss", "-Htnoe", "state", "fin-wait-1", "state", "fin-wait-2", "state",
                                "closing"], stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return 1000 * (usage.ru_utime + usage.ru_stime)
