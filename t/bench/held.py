# SPDX-License-Identifier: Apache-2.0
"""Many sockets held at once, of clients that never close: what each costs in memory and CPU, and how
late a deadline is among them."""

import json
import time

import httpd
import load
import measure
import servers
from measure import Series, quantile
from result import Aim, Result, Table

PATIENT = "FinWaitDrainTimeout 300s\nFinWaitDrainIdleTimeout 300s\n"
NGINX_PATIENT = "lingering_close always; lingering_timeout 300s; lingering_time 300s;"
LIMIT_MS = 5000
FEW = 200


def memory(size):
    """Of the whole server tree, per lingering connection."""
    rows, aims = [], []
    for tls in (False, True):
        how = "TLS" if tls else "plain"
        found = {name: memory_each(server, size(10_000, 100)) for name, server in (
            ("event", servers.apache("event", False, tls=tls)),
            ("nginx", servers.Nginx(tls, NGINX_PATIENT)),
            ("module", servers.apache("event", True, tls=tls, extra=PATIENT)))}
        rows += [[f"{name}, {how}", *values] for name, values in found.items()]
        module = max(1, found["module"][1])
        aims += [Aim(f"{how}, event's bytes/module's", found["event"][1] / module, 60),
                 Aim(f"{how}, nginx's bytes/module's", found["nginx"][1] / module, 20)]
    columns = ["", "held", "user memory, bytes each", "kernel slab, bytes each"]
    return Result([Table("", columns, rows)], aims,
                  ["The kernel's part has both ends of each connection in it, the client's too."])


def memory_each(server, count):
    try:
        server.start()
        warm(server, count)
        before, slab = measure.private_dirty(server.processes()), measure.kernel_slab()
        with load.Crowd(server, count):
            held = all_linger(server, count)
            user = (measure.private_dirty(server.processes()) - before) / held
            return held, user, (measure.kernel_slab() - slab) / held
    finally:
        server.stop()


def warm(server, count):
    """What any first connections cost is not counted."""
    load.close_per_request(server, max(100, count // 5))
    httpd.wait_until(lambda: not measure.lingering(server.port), 5)


def all_linger(server, count):
    """How many do, as soon as it is all of them."""
    httpd.wait_until(lambda: len(measure.lingering(server.port)) >= count, 5)
    held = len(measure.lingering(server.port))
    if held < count * 0.9:
        raise RuntimeError(f"only {held} of {count} connections linger")
    return held


def growth(size):
    """CPU from taking a socket over to its end, and memory, per connection: is it the same with many?"""
    sizes = [size(full, small) for full, small in ((1000, 10), (4000, 20), (16_000, 40))]
    cpu, user = {count: [] for count in sizes}, {count: [] for count in sizes}
    for order in (sizes, sizes[::-1]) * size(2, 1):
        for count in order:
            times = max(1, sizes[-1] // count // 4)
            found = closer_cost(count, times)
            cpu[count].append(found[0])
            user[count].append(found[1])
    rows = [[count, Series(cpu[count], 2), Series(user[count], 0)] for count in sizes]
    aims = []
    for what, found in (("CPU", cpu), ("memory", user)):
        middles = [Series(found[count]).median for count in sizes]
        spread = max(middles) / max(1e-9, min(middles))
        aims.append(Aim(f"{what} per connection, most/least", spread, 1.22, at_most=True))
    return Result([Table("", ["held", "closer's CPU µs each", "closer's memory, bytes each"], rows)],
                  aims, ["Flat within 10 % either way is a most of 1.1 and a least of 0.9: 1.22."])


def closer_cost(count, times):
    """(CPU us, bytes) per connection; the memory is that of the first time, when it grows. Some are
    held all the time, so that these don't just fill what was there for any."""
    server = servers.apache("event", True, extra=PATIENT)
    try:
        server.start()
        warm(server, 500)
        closer = server.closer_pid()
        with load.Crowd(server, FEW):
            all_linger(server, FEW)
            cpu, memory_before = httpd.cpu_seconds_of(closer), measure.private_dirty([closer])
            grown = None
            for _ in range(times):
                with load.Crowd(server, count) as crowd:
                    all_linger(server, FEW + count)
                    grown = grown or measure.private_dirty([closer]) - memory_before
                httpd.wait_until(lambda: len(measure.lingering(server.port)) <= FEW, 10)
            held = times * crowd.result["requests"]
            return 1e6 * (httpd.cpu_seconds_of(closer) - cpu) / held, grown * times / held
    finally:
        server.stop()


def deadlines(size):
    """Each socket's time ends at an instant of its own: how much later does its drain? (Its total
    time: the idle time begins anew when our FIN is acknowledged, some 40 ms after the half-close.)"""
    count, limit_ms = size(10_000, 100), size(LIMIT_MS, 500)
    server = servers.apache("event", True, extra=f"FinWaitDrainTimeout {limit_ms}ms\n"
                            "FinWaitDrainIdleTimeout 300s\nFinWaitTimeout 1s\n")
    try:
        server.start()
        with load.Crowd(server, count):
            held = len(measure.lingering(server.port))
            late = wait_for_records(server, count, "deadline", limit_ms)
    finally:
        server.stop()
    row = [held, len(late), quantile(late, 0.5), quantile(late, 0.99), max(late)]
    return Result([Table("", ["held at once", "Records", "p50 ms", "p99 ms", "longest ms"], [row])],
                  [Aim("p99 ms", quantile(late, 0.99), 50, at_most=True)])


def wait_for_records(server, count, drain, limit_ms):
    """By how much longer than their limit the drains took, in milliseconds."""
    log = server.path("finwait.log")
    begin = time.monotonic()
    while time.monotonic() - begin < 30:
        time.sleep(0.5)
        records = [json.loads(line) for line in log.read_text().splitlines(True)
                   if line.endswith("\n")]
        late = [record["finwait.drain_ms"] - limit_ms for record in records
                if record["finwait.drain"] == drain]
        if len(late) >= count:
            return late
    raise RuntimeError(f"{len(late)} Records of {count}")
