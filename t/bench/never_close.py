# SPDX-License-Identifier: Apache-2.0
"""20 workers against clients that never close: each reads the reply to the server's FIN and keeps
its socket open to the end of the measurement."""

import beside
import load
import servers
from measure import Series
from result import Aim, Result, Table

WORKERS = 20
AT_A_TIME = 64
DIGITS = 0, 0, 2, 2, 0


def run(size):
    rows, aims, many = [], [], size(20_000, 200)
    for mpm in ("prefork", "worker"):
        stock = held(servers.apache(mpm, "stock", WORKERS), size(120, 8))
        module = beside.turns(size, lambda name: held(servers.apache(mpm, name, WORKERS), many))
        closing = beside.turns(size, lambda name: served(servers.apache(mpm, name, WORKERS), many))
        rows += [[f"{mpm}, stock", *stock], *beside.rows(f"{mpm}, ", module, DIGITS),
                 *beside.rows(f"{mpm}, clients that close, ", closing, DIGITS)]
        faster = [rate / stock[1] for _, rate, *_ in module["module"]]
        slower = [never[3] / closes[3] for never, closes in zip(module["module"], closing["module"])]
        aims += [Aim(f"{mpm} requests/s, module/stock", Series(faster, 0), 300),
                 Aim(f"{mpm} p99, never closing/closing", Series(slower, 2), 5, at_most=True),
                 *beside.aims(f"{mpm} requests/s", module, 1, at_most=False),
                 *beside.aims(f"{mpm} p99", module, 3)]
    return Result([Table("", ["", "replies", "requests/s", "p50 ms", "p99 ms", "failed"], rows)],
                  aims)


def held(server, total):
    with servers.running({"": server}), load.Crowd(server, total, AT_A_TIME) as crowd:
        return figures(crowd.result)


def served(server, total):
    with servers.running({"": server}):
        return figures(load.client(server, processes=4, connections=AT_A_TIME, seconds=60,
                                   total=total // 4))


def figures(result):
    return (result["requests"], result["requests"] / result["seconds"], result["p50_ms"],
            result["p99_ms"], result["errors"])
