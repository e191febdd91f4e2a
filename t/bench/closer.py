# SPDX-License-Identifier: Apache-2.0
"""What the closer costs: per close at full load, and per second while sockets wait."""

import time

import httpd
import load
import measure
import servers
from measure import Series
from result import Aim, Result, Table

WAIT = """\
FinWaitDrainIdleTimeout 100ms
FinWaitTimeout 120s
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


def waiting(size):
    """The closer's CPU time while clients that never close wait, and are probed each five seconds."""
    count, seconds = size(15_000, 100), size(10, 1)
    server = servers.apache("event", True, extra=WAIT)
    try:
        server.start()
        load.close_per_request(server, 100)
        closer = server.closer_pid()
        with load.Crowd(server, count):
            if not httpd.wait_until(lambda: len(measure.lingering(server.port)) >= count, 30):
                raise RuntimeError(f"of {count} sockets {len(measure.lingering(server.port))} wait")
            time.sleep(2)  # the drains, and the first probes
            cpu = []
            for _ in range(seconds):
                before = httpd.cpu_seconds_of(closer)
                time.sleep(1)
                cpu.append(1000 * (httpd.cpu_seconds_of(closer) - before))
    finally:
        server.stop()
    ms = Series(cpu, 2)
    return Result([Table(f"{count:,} sockets wait", ["", "CPU ms per second", "min–max"],
                         [["the closer", ms, ms.range()]])],
                  [Aim("CPU ms per second", ms, 10, at_most=True)])
