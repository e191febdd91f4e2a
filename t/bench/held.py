# SPDX-License-Identifier: Apache-2.0
"""Many sockets held at once, of clients that never close: what each costs in memory and CPU, and how
late a deadline is among them."""

import contextlib
import json
import resource
import socket
import time

import beside
import httpd
import load
import measure
import servers
from measure import Series, quantile
from result import Aim, Result, Table

PATIENT = "FinWaitDrainTimeout 300s\nFinWaitDrainIdleTimeout 300s\n"
WAITING = "FinWaitDrainIdleTimeout 100ms\nFinWaitTimeout 60s\n"
NGINX_PATIENT = "lingering_close always; lingering_timeout 300s; lingering_time 300s;"
LIMIT_MS = 5000
FEW = 200
MEMORY_ROUNDS = 3  # more would not fit: the values hardly differ
USER_MAX, SLAB_MAX = 512, 4608


def memory(size):
    """Of the whole server tree, per lingering connection."""
    count, rows, aims = size(10_000, 100), [], []
    client = client_slab(count // 2)
    for what, tls, extra in (("plain, draining", False, PATIENT), ("plain, waiting", False, WAITING),
                             ("TLS, draining", True, PATIENT)):  # what waits has no TLS any more
        found = beside.turns(size, lambda name: memory_of(name, tls, extra, count, client),
                             rounds=MEMORY_ROUNDS)
        rows += beside.rows(f"{what}, ", found, (0, 0, 0))
        aims += memory_aims(what, found)
        if extra == WAITING:
            continue
        user = Series(max(1, values[1]) for values in found["module"]).median
        for name, server, times in (("event, stock", servers.apache("event", "stock", tls=tls), 60),
                                    ("nginx", servers.Nginx(tls, NGINX_PATIENT), 20)):
            others = memory_each(server, count, client)
            rows.append([f"{what}, {name}", *others])
            aims.append(Aim(f"{what}: {name}'s bytes/module's", others[1] / user, times))
    columns = ["", "held", "user memory, bytes each", "kernel slab, bytes each"]
    return Result([Table("", columns, rows)], aims,
                  ["The kernel's part is the server's: without the client's end of each connection, "
                   f"{client:,.0f} bytes."])


def memory_of(name, tls, extra, count, client):
    if extra == WAITING:
        beside.wait_for_room(count)
    return memory_each(servers.apache("event", name, tls=tls, extra=extra), count, client)


def memory_aims(what, found):
    for column, kind, limit in ((1, "user memory", USER_MAX), (2, "kernel slab", SLAB_MAX)):
        each = Series((values[column] for values in found["module"]), 0)
        yield Aim(f"{what}: {kind}, bytes each", each, limit, at_most=True)
        if kind == "user memory" or "draining" in what:  # 0.1 left what waits to the kernel: less slab
            yield from beside.aims(f"{what}: {kind}", found, column)


def memory_each(server, count, client):
    """(held, bytes of user memory, bytes of slab without the client's end)"""
    with servers.running({"": server}):
        warm(server, count)
        before, slab = measure.private_dirty(server.processes()), measure.kernel_slab()
        with load.Crowd(server, count):
            held = all_linger(server, count)
            time.sleep(1.5)  # what is to wait does: its drain took 0.1 s
            user = (measure.private_dirty(server.processes()) - before) / held
            return held, user, (measure.kernel_slab() - slab) / held - client


def client_slab(count):
    """Bytes of slab for a client's end of a connection: half of what both take with no server but us."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as stack:
        for pairs in (count // 5, count):  # the first take what slabs have free
            before = measure.kernel_slab()
            for _ in range(pairs):
                stack.enter_context(socket.create_connection(listener.getsockname()))
                stack.enter_context(listener.accept()[0]).shutdown(socket.SHUT_WR)
        return (measure.kernel_slab() - before) / (2 * count)


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
    found = {count: {name: [] for name in servers.BUILDS} for count in sizes}
    for turn in range(size(beside.ROUNDS if beside.other() else 4, 2)):
        for count in sizes[::-1 if turn % 2 else 1]:
            for name in beside.order(turn):
                found[count][name].append(closer_cost(name, count, max(1, sizes[-1] // count // 4)))
    rows, aims = [], []
    for count in sizes:
        rows += beside.rows(f"{count:,}, ", found[count], (2, 0))
    for column, what in enumerate(("CPU", "memory")):
        middles = [Series(values[column] for values in found[count]["module"]).median for count in sizes]
        spread = max(middles) / max(1e-9, min(middles))
        aims.append(Aim(f"{what} per connection, most/least", spread, 1.22, at_most=True))
        for count in sizes:
            aims += beside.aims(f"{count:,} held: {what} per connection", found[count], column)
    return Result([Table("", ["held", "closer's CPU µs each", "closer's memory, bytes each"], rows)],
                  aims, ["Flat within 10 % either way is a most of 1.1 and a least of 0.9: 1.22."])


def closer_cost(name, count, times):
    """(CPU us, bytes) per connection; the memory is that of the first time, when it grows. Some are
    held all the time, so that these don't just fill what was there for any."""
    server = servers.apache("event", name, extra=PATIENT)
    with servers.running({"": server}):
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


def deadlines(size):
    """Each socket's time ends at an instant of its own: how much later does its drain? (Its total
    time: the idle time begins anew when our FIN is acknowledged, some 40 ms after the half-close.)"""
    found = beside.turns(size, lambda name: lateness(name, size(10_000, 100), size(LIMIT_MS, 500)))
    p99 = Series((values[3] for values in found["module"]), 1)
    return Result([Table("", ["", "held at once", "Records", "p50 ms", "p99 ms", "longest ms"],
                         list(beside.rows("", found, (0, 0, 0, 0, 0))))],
                  [Aim("p99 ms", p99, 50, at_most=True), *beside.aims("p99", found, 3)])


def lateness(name, count, limit_ms):
    server = servers.apache("event", name, extra=f"FinWaitDrainTimeout {limit_ms}ms\n"
                            "FinWaitDrainIdleTimeout 300s\nFinWaitTimeout 1s\n")
    with servers.running({"": server}), load.Crowd(server, count):
        held = len(measure.lingering(server.port))
        late = wait_for_records(server, count, "deadline", limit_ms)
    return held, len(late), quantile(late, 0.5), quantile(late, 0.99), max(late)


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
