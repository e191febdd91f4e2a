# SPDX-License-Identifier: Apache-2.0
"""Is Apache with the module as fast as without, where nothing is wrong with the clients?

Stock, module, and stock again as the control are up at once. A round gives each one slice of load;
a ratio is that of slices of the same round."""

import contextlib
import itertools
import time

import load
import servers
from measure import Series, median_with_interval
from result import Aim, Result, Table

NAMES = ("stock", "module", "stock again")
# Every order of the three, in a sequence in which each follows each of the others equally often and
# never itself, round the end too: whose turn was just before finds the caches warm.
ORDERS = [[NAMES[i] for i in order]
          for order in ((0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 0, 2), (1, 2, 0), (2, 0, 1))]
# The first tenths of a slice are dearer, after the others' turns: with slices of 0.3 s prefork stood
# 2 to 3 % worse than with 1.4 s. All eleven tables must fit into a quarter of an hour, though.
PAIRS, SECONDS = 24, 0.6
STARTS = 4  # how a process lies in memory makes some per cent of difference for as long as it lives
COLUMNS = ["", "stock/s", "module/s", "requests/s, module/stock", "min–max", "stock again",
           "stock CPU µs", "CPU, module/stock", "min–max", "stock again"]


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
        failed = {name: int(sum(s[2] for s in rounds[name])) for name in NAMES}
        notes += [f"{prefix}{mpm}, {name}: {count} failed requests"
                  for name, count in failed.items() if count]
        rate, rate_control = ratio(rounds, "module", 0), ratio(rounds, "stock again", 0)
        cpu, cpu_control = ratio(rounds, "module", 1), ratio(rounds, "stock again", 1)
        rows.append([prefix + mpm, middle(rounds, "stock", 0), middle(rounds, "module", 0), rate,
                     rate.range(), rate_control, middle(rounds, "stock", 1), cpu, cpu.range(),
                     cpu_control])
        found += [Aim(f"{prefix}{mpm} requests/s", rate, aims[mpm][0]),
                  Aim(f"{prefix}{mpm} CPU per request", cpu, round(aims[mpm][1], 3), at_most=True)]
    alone = nginx(tls, client, size)
    notes.append(f"{prefix}nginx, for comparison: {alone[0]:,.0f} requests/s, {alone[1]:.0f} µs of "
                 "CPU per request.")
    return Result([Table("", COLUMNS, rows)], found, notes)


def compared(mpm, tls, client, size):
    """{name: [(requests/s, CPU us per request, failed), ...]}, one slice per round."""
    rounds = {name: [] for name in NAMES}
    pairs, starts = size(PAIRS, 1), size(STARTS, 1)
    for start in range(starts):
        with contextlib.ExitStack() as stack:
            up = {name: servers.apache(mpm, name == "module", tls=tls) for name in NAMES}
            for server in up.values():
                stack.callback(server.stop)
                server.start()
            work = {name: warm_up(server, client, size) for name, server in up.items()}
            count = pairs // starts + (start < pairs % starts)
            for order in itertools.islice(itertools.cycle(ORDERS), count):
                for name in order:
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
    try:
        server.start()
        work = warm_up(server, client, size)
        slices = [slice_of(server, client, work) for _ in range(size(3, 1))]
    finally:
        server.stop()
    return [median_with_interval([s[column] for s in slices])[0] for column in (0, 1)]


def middle(rounds, name, column):
    return median_with_interval([s[column] for s in rounds[name]])[0]


def ratio(rounds, name, column):
    """To the mean of both stocks of the same round; the control's is to the other stock."""
    others = [other for other in NAMES if "stock" in other and other != name]
    return Series(mine[column] * len(others) / max(sum(slices[column] for slices in stocks), 1e-9)
                  for mine, *stocks in zip(rounds[name], *(rounds[other] for other in others)))
