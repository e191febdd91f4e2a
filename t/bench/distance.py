# SPDX-License-Identifier: Apache-2.0
"""20 workers and clients that are far away: they answer the server's FIN so many milliseconds after
it was sent. 200 of them want a reply at any time, so that it is the workers they wait for. Only the
close is delayed: no worker waits for the handshake or the request, for the kernel of a server with
AcceptFilter (httpd's default) keeps a connection until there is something to read."""

import curve
import httpd
import load
import servers
from measure import Series
from result import Aim, Result, Table

WORKERS, CLIENTS = 20, 200
DELAYS_MS = (0, 1, 10, 50, 150)
FAR, FARTHEST = 50, 150


def run(size):
    rounds, seconds, warm_up = size(3, 1), size(1.0, 0.2), size(0.3, 0.1)
    found = {name: {delay: [] for delay in DELAYS_MS} for name in SERVERS}
    with servers.running({name: make() for name, (_, make) in SERVERS.items()}) as up:
        for _ in range(rounds):
            for delay in DELAYS_MS:
                for name, server in up.items():
                    result = load.client(server, connections=CLIENTS, seconds=seconds,
                                         distance=delay, **{"warm-up": warm_up})
                    if result["errors"]:
                        raise RuntimeError(f"{name}: {result['errors']} failed requests")
                    found[name][delay].append(result["requests"] / result["seconds"])
    return result_of({name: {delay: Series(values, 0, brief=True) for delay, values in at.items()}
                      for name, at in found.items()})


# {name: (how its curve looks, what makes it)}
SERVERS = {f"{mpm}, {name}": (f"{name} {mpm}", lambda mpm=mpm, name=name: servers.apache(
    mpm, name, WORKERS)) for name in ("stock", "module") for mpm in servers.MPMS}
SERVERS["nginx, lingering_close always"] = "nginx", servers.Nginx
SERVERS["nginx, lingering_close on"] = "nginx prefork", lambda: servers.Nginx(lingering="")


def result_of(found):
    rows = [[name, *at.values()] for name, at in found.items()]
    columns = ["requests/s, FIN answered after", *(f"{delay} ms" for delay in DELAYS_MS)]
    draw(found)
    return Result([Table("", columns, rows)], list(aims(found)),
                  ["![Requests/s with 20 workers, by how long the client's FIN takes](distance.svg)"])


def aims(found):
    """What the module keeps of its requests/s far away, as a share of what nginx keeps: the clients and
    the kernel have more sockets at a time then, whoever serves. And what it gains on stock."""
    nginx = found["nginx, lingering_close always"]
    for mpm in servers.MPMS:
        stock, module = found[f"{mpm}, stock"], found[f"{mpm}, module"]
        kept = ratio(ratio(module[FARTHEST], module[0]), ratio(nginx[FARTHEST], nginx[0]))
        yield Aim(f"{mpm}, module: requests/s at {FARTHEST} ms/at 0 ms, beside nginx's", kept, 0.9)
        yield Aim(f"{mpm}, at {FAR} ms: requests/s, module/stock", ratio(module[FAR], stock[FAR]),
                  1 if mpm == "event" else 10)


def ratio(one, other):
    return Series(a / b for a, b in zip(one.values, other.values))


def draw(found):
    lines = [curve.Line(name, SERVERS[name][0], [(delay, series.median) for delay, series in at.items()])
             for name, at in found.items()]
    path = httpd.OUT / "bench/distance.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(curve.svg("Requests per second with 20 workers, by how long the client's FIN takes",
                              "milliseconds from the server's FIN to the client's", lines))
