# SPDX-License-Identifier: Apache-2.0
"""What the closer costs: per close at full load, and per second while sockets wait."""

import time

import beside
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
    rows, aims, wanted = [], [], size(10_000, 500)
    for mpm in servers.MPMS:
        with servers.running({name: servers.apache(mpm, name) for name in servers.BUILDS}) as up:
            for server in up.values():
                slice_of(server, 100)  # what any first closes cost is not counted
            found = beside.turns(size, lambda name: slice_of(up[name], wanted), alone=beside.ROUNDS)
        rows += beside.rows(f"{mpm}, ", found, (0, 2, 0, 1, 1))
        each = Series((values[1] for values in found["module"]), 2)
        aims += [Aim(f"{mpm} µs per close", each, 10, at_most=True),
                 *beside.aims(f"{mpm} µs per close", found, 1)]
    return Result([Table("", ["", "closes/s", "closer's CPU µs per close", "% of it in system calls",
                              "% of closes with a Record", "% told, not handed over"], rows)], aims)


def slice_of(server, wanted):
    """(closes/s, the closer's CPU µs for each, % of that in system calls, % with a Record, % of these
    that had nothing left to drain)"""
    closer, log = server.closer_pid(), server.path("finwait.log")
    cpu, (user, system) = httpd.cpu_seconds_of(closer), measure.times_of(closer)
    logged = log.stat().st_size
    count, seconds, _ = load.close_per_request(server, wanted)
    time.sleep(0.1)  # the last drains, and their Records
    cpu = httpd.cpu_seconds_of(closer) - cpu
    user, system = (now - then for now, then in zip(measure.times_of(closer), (user, system)))
    with log.open("rb") as file:
        file.seek(logged)
        lines = file.read()
    records, told = lines.count(b"\n"), lines.count(b'"finwait.drain":"none"')
    return (count / seconds, 1e6 * cpu / count, 100 * system / max(0.01, user + system),
            100 * records / count, 100 * told / max(1, records))


def waiting(size):
    """The closer's CPU time while clients that never close wait, and are probed each five seconds."""
    count, seconds = size(15_000, 100), size(10, 1)
    server = servers.apache("event", "module", extra=WAIT)
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
