# SPDX-License-Identifier: Apache-2.0
"""Is Apache with the module as fast as without, where nothing is wrong with the clients?

Stock, module, and stock again as the control are up at once, and another version of the module where
there is one. A round gives each one slice of load; a ratio is that of slices of the same round."""

import itertools
import time

import beside
import load
import servers
from measure import Series, median_with_interval
from result import Aim, Result, Table

# Orders of three and of four, in a sequence in which each follows each of the others equally often and
# never itself, round the end too: whose turn was just before finds the caches warm.
ORDERS = {3: ((0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 0, 2), (1, 2, 0), (2, 0, 1)),
          4: ((0, 1, 2, 3), (0, 3, 2, 1), (3, 1, 0, 2), (1, 2, 3, 0), (2, 0, 1, 3), (2, 0, 3, 1))}
# The first tenths of a slice are dearer, after the others' turns: with slices of 0.3 s prefork stood
# 2 to 3 % worse than with 1.4 s. All their eleven rows must fit into ten minutes, though.
ROUNDS, SECONDS = 24, 0.6
STARTS = 4  # how a process lies in memory makes some per cent of difference for as long as it lives
COLUMNS = ["", "stock/s", "module/s", "requests/s, module/stock", "min–max", "stock again",
           "stock CPU µs", "CPU, module/stock", "min–max", "stock again"]


def names():
    return ["stock", *servers.BUILDS, "stock again"]


def close_plain(size):
    return measure(size, load.close_per_request, False, servers.MPMS,
                   {"event": (1.10, 0.95), "worker": (1.03, 1.0), "prefork": (1.03, 1.0)})


def close_tls(size):
    return measure(size, load.close_per_request, True, servers.MPMS,
                   dict.fromkeys(servers.MPMS, (1.0, 1.0)))


def keep_alive(size):
    plain = measure(size, load.keep_alive, False, servers.MPMS,
                    dict.fromkeys(servers.MPMS, (0.99, 1 / 0.99)))
    # mod_http2 does not do h2 on prefork.
    h2 = measure(size, load.keep_alive, True, ("event", "worker"),
                 dict.fromkeys(("event", "worker"), (0.99, 1 / 0.99)), "h2, ")
    return Result(plain.tables + h2.tables, plain.aims + h2.aims, plain.notes + h2.notes)


def measure(size, client, tls, mpms, aims, prefix=""):
    rows, found, notes = [], [], []
    for mpm in mpms:
        rounds = compared(mpm, tls, client, size)
        failed = {name: int(sum(s[2] for s in rounds[name])) for name in names()}
        notes += [f"{prefix}{mpm}, {name}: {count} failed requests"
                  for name, count in failed.items() if count]
        rate, rate_control = ratio(rounds, "module", 0), ratio(rounds, "stock again", 0)
        cpu, cpu_control = ratio(rounds, "module", 1), ratio(rounds, "stock again", 1)
        rows.append([prefix + mpm, middle(rounds, "stock", 0), middle(rounds, "module", 0), rate,
                     rate.range(), rate_control, middle(rounds, "stock", 1), cpu, cpu.range(),
                     cpu_control, *beside_columns(rounds)])
        found += [Aim(f"{prefix}{mpm} requests/s", rate, aims[mpm][0]),
                  Aim(f"{prefix}{mpm} CPU per request", cpu, round(aims[mpm][1], 3), at_most=True),
                  *beside.aims(f"{prefix}{mpm} requests/s", rounds, 0, at_most=False),
                  *beside.aims(f"{prefix}{mpm} CPU per request", rounds, 1)]
    alone = nginx(tls, client, size)
    notes.append(f"{prefix}nginx, for comparison: {alone[0]:,.0f} requests/s, {alone[1]:.0f} µs of "
                 "CPU per request.")
    more = [f"{what}, module/{beside.other()}" for what in ("requests/s", "CPU") if beside.other()]
    return Result([Table("", COLUMNS + more, rows)], found, notes)


def beside_columns(rounds):
    return [beside.ratio(rounds, column) for column in (0, 1)] if beside.other() else []


def compared(mpm, tls, client, size):
    """{name: [(requests/s, CPU us per request, failed), ...]}, one slice per round."""
    rounds = {name: [] for name in names()}
    wanted, starts = size(ROUNDS, 1), size(STARTS, 1)
    for start in range(starts):
        with servers.running({name: servers.apache(mpm, name, tls=tls) for name in names()}) as up:
            work = {name: warm_up(server, client, size) for name, server in up.items()}
            count = wanted // starts + (start < wanted % starts)
            for order in itertools.islice(itertools.cycle(ORDERS[len(up)]), count):
                for name in (names()[i] for i in order):
                    rounds[name].append(slice_of(up[name], client, work["stock"]))
    return rounds


def warm_up(server, client, size):
    """Threads started, caches warm; returns how many requests make a slice. Stock's number is for
    all, so that all do the same."""
    requests, seconds, _ = client(server, size(500 if server.tls else 1500, 200))
    return int(requests / seconds * size(SECONDS, 0.1)) + load.CONNECTIONS


def slice_of(server, client, work):
    before = server.cpu_seconds()
    requests, seconds, failed = client(server, work)
    time.sleep(0.02)  # the closer's last drains belong to this slice
    cpu = server.cpu_seconds() - before
    return requests / seconds, 1e6 * cpu / max(1, requests), failed


def nginx(tls, client, size):
    server = servers.Nginx(tls)
    with servers.running({"": server}):
        work = warm_up(server, client, size)
        slices = [slice_of(server, client, work) for _ in range(size(3, 1))]
    return [median_with_interval([s[column] for s in slices])[0] for column in (0, 1)]


def middle(rounds, name, column):
    return median_with_interval([s[column] for s in rounds[name]])[0]


def ratio(rounds, name, column):
    """To the mean of both stocks of the same round; the control's is to the other stock."""
    others = [other for other in names() if "stock" in other and other != name]
    return Series(mine[column] * len(others) / max(sum(slices[column] for slices in stocks), 1e-9)
                  for mine, *stocks in zip(rounds[name], *(rounds[other] for other in others)))
