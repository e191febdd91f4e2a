# SPDX-License-Identifier: Apache-2.0
"""20 workers against clients that never close: each reads the reply to the server's FIN and keeps
its socket open to the end of the measurement."""

import load
import servers
from result import Aim, Result, Table

WORKERS = 20
AT_A_TIME = 64


def run(size):
    rows, aims = [], []
    for mpm in ("prefork", "worker"):
        stock = held(servers.apache(mpm, False, WORKERS), size(120, 8))
        module = held(servers.apache(mpm, True, WORKERS), size(20_000, 200))
        closing = served(servers.apache(mpm, True, WORKERS), size(20_000, 200))
        for name, result in (("stock", stock), ("module", module),
                             ("module, clients that close", closing)):
            rows.append([f"{mpm}, {name}", result["requests"], rate(result), result["p50_ms"],
                         result["p99_ms"], result["errors"]])
        aims += [Aim(f"{mpm} requests/s, module/stock", rate(module) / rate(stock), 300),
                 Aim(f"{mpm} p99, never closing/closing", module["p99_ms"] / closing["p99_ms"], 5,
                     at_most=True)]
    return Result([Table("", ["", "replies", "requests/s", "p50 ms", "p99 ms", "failed"], rows)],
                  aims)


def rate(result):
    return result["requests"] / result["seconds"]


def held(server, total):
    try:
        server.start()
        with load.Crowd(server, total, AT_A_TIME) as crowd:
            return crowd.result
    finally:
        server.stop()


def served(server, total):
    try:
        server.start()
        return load.client(server, processes=4, connections=AT_A_TIME, seconds=60,
                           total=total // 4)
    finally:
        server.stop()
