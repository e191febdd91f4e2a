#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""t/fleet/corpus.py CLOSES [--mode all|stuck] [--seed N]: a day's log of a fleet, in order of time and the same for the same seed,
with the server's name in each line as the shippers put it there. It has every word of a Record, IPv6, proxies that say so and one
that does not, remedies, User-Agents that need escaping, and clients of few addresses and of many. Of a mode `stuck` log the closes
that are not stuck are in tallies, one a minute for each server and account."""

import argparse
import json
import pathlib
import random
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "conf/fleet/clickhouse"))
from words import BOUNDS, CAUSES, DRAINS, OUTCOMES  # noqa: E402

BEGIN = 1_795_219_200_000  # 2026-11-21T00:00:00Z
DAY_MS = 86_400_000
HOSTS = [f"web{number}" for number in range(1, 9)]
VHOSTS = ["www.example.org"] * 6 + ["api.example.org"] * 3 + ["static.example.org", "Ärger.example"]
UAP = pathlib.Path("/usr/share/uap-core/tests/test_ua.yaml")
ODD = ["", "(other)", "it's \"quoted\" \\back", "tab\tand\u0001control", "b\ufffdse", "x" * 512]
CULPRITS = {"python-requests/2.28.1": 0.95, "python-requests/2.31.0": 0.9, "Java1.1.8": 0.8, "BadBrowser/1.0": 0.6}
BEHIND_PROXY = ["Clean/1.0", "Clean/2.0", "Tidy/3.1", "Neat/0.9"]


def agents(rng, most):
    text = UAP.read_text(encoding="utf-8") if UAP.exists() else ""
    known = sorted(set(re.findall(r"user_agent_string: '([^']+)'", text))) or [f"Some/{number}" for number in range(3000)]
    rng.shuffle(known)
    names = ODD + list(CULPRITS) + BEHIND_PROXY + known[:most]
    weights = [1 / (rank + 5) for rank in range(len(names))]
    return names, weights


def stamp(ms, memory={}):
    second, rest = divmod(ms, 1000)
    if memory.get("second") != second:
        import time
        memory.update(second=second, text=time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)))
    return f"{memory['text']}.{rest:03}Z"


class Clients:
    """Who comes from where: a client of rank r has some 60,000 / (r + 1) addresses, so that few are too many to tell apart."""

    def __init__(self, rng, names):
        self.rng = rng
        self.pool = {name: max(3, 20_000 // (rank + 1)) for rank, name in enumerate(names)}

    def address(self, name):
        number = self.rng.randrange(self.pool[name])
        if number % 10 == 9:
            return f"2001:db8:{number:x}::1"
        return f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"


def end(rng, share):
    """state, probe, cause, drain, outcome, requests, drain_ms, drained_bytes, fin_wait_2_ms"""
    if rng.random() < share:
        idle = rng.random() < 0.8
        return ("fin_wait_2", rng.choice(("answered", "none")), rng.choice(("keepalive_timeout", "workers_busy")) if idle else "client_asked",
                rng.choice(("deadline", "idle_timeout")), "timeout" if rng.random() < 0.8 else "late_fin", rng.randrange(1, 4), 2000,
                rng.randrange(3) * 100, rng.choice((rng.randrange(2000, 17_100), rng.randrange(130_000))))
    kind = rng.random()
    if kind < 0.5:
        return ("closed", "none", "client_gone", "none", "client_first", rng.randrange(1, 30), 0, 0, 0)
    if kind < 0.9:
        ms = min(int(rng.expovariate(1 / 60)), 1900)
        return ("closed", "none", rng.choice(("keepalive_timeout", "client_asked")), "fin", "fin", rng.randrange(1, 30), ms, 0, ms)
    if kind < 0.92:
        return ("fin_wait_2", "silent", "keepalive_timeout", "deadline", "vanished", 1, 2000, 0, rng.randrange(2000, 9000))
    return (rng.choice(("closed", "fin_wait_1", "fin_wait_2")), rng.choice(("none", "silent")), rng.choice(CAUSES),
            rng.choice([drain for drain in DRAINS if drain not in ("deadline", "idle_timeout")]), rng.choice(OUTCOMES), rng.randrange(5),
            rng.randrange(5000), rng.randrange(1 << 33), rng.choice((0, 1, *BOUNDS, 200_000)))


KEYS = ("network.connection.state", "finwait.probe", "finwait.cause", "finwait.drain", "finwait.outcome", "finwait.requests",
        "finwait.drain_ms", "finwait.drained_bytes", "finwait.fin_wait_2_ms")


def close(rng, number, ms, agent, clients):
    address, extra, share = clients.address(agent), {}, CULPRITS.get(agent, 0.002)
    draw = rng.random()
    if draw < 0.02:  # a proxy that says so
        extra = {"client.address": address, "finwait.shared" if draw < 0.01 else "finwait.via": True}
        address = f"192.0.2.{rng.randrange(1, 4)}"
    elif agent in BEHIND_PROXY and draw < 0.5:  # one that does not
        address, share = "198.51.100.7", 0.7
    elif draw > 0.99:
        extra = {"finwait.remedy": rng.choice(("nokeepalive", "short"))}
    if draw > 0.5:
        extra["tls.protocol.version"] = "1.3"
    return {"host.name": rng.choice(HOSTS), "@timestamp": stamp(ms), "event.name": "finwait.close", "network.peer.address": address,
            "network.peer.port": rng.randrange(1024, 65536), "network.local.address": "203.0.113.1", "network.local.port": 443,
            "server.address": rng.choice(VHOSTS), "user_agent.original": agent, "network.protocol.version": rng.choice(("1.1", "2")),
            **dict(zip(KEYS, end(rng, share))), "finwait.socket_cookie": f"{4096 + number:x}", "finwait.tcp.rtt_us": rng.randrange(200, 90_000),
            "finwait.tcp.unacked": 0, "finwait.tcp.retransmits": 0, "finwait.mpm": "event", **extra}


def closes(count, seed=1, most_agents=3000):
    rng = random.Random(seed)
    names, weights = agents(rng, most_agents)
    clients = Clients(rng, names)
    for number, agent in enumerate(rng.choices(names, weights, k=count)):
        yield close(rng, number, BEGIN + number * DAY_MS // count, agent, clients)


def is_stuck(line):
    return (line["network.connection.state"] == "fin_wait_2" and line["finwait.probe"] != "silent"
            and line["finwait.drain"] in ("idle_timeout", "deadline"))


class Tallies:
    """As the closer writes them: of a server's accounts, a minute after the first close of each."""

    def __init__(self):
        self.open = {}

    def add(self, ms, line):
        proxy = line["network.peer.address"] if line.get("finwait.shared") or line.get("finwait.via") else ""
        account = (line["host.name"], line["server.address"], "" if proxy else line["user_agent.original"], proxy)
        if len(self.open) > 4000:  # evicted: nobody's
            account = (line["host.name"], "(other)", "(other)", "")
        since, counts, addresses = self.open.setdefault(account, (ms, {}, set()))
        addresses.add(line.get("client.address") or line["network.peer.address"])
        time = line["finwait.fin_wait_2_ms"]
        bucket = next((str(bound) for bound in BOUNDS if time <= bound), "inf")
        remedied = "finwait.remedy" in line
        for key, number in (("closes", 1), ("requests", line["finwait.requests"]), ("drained_bytes", line["finwait.drained_bytes"]),
                            ("fin_wait_2_ms", time), (f"outcome.{line['finwait.outcome']}", 1), (f"cause.{line['finwait.cause']}", 1),
                            (f"drain.{line['finwait.drain']}", 1), (f"fin_wait_2_bucket.{bucket}", 1 if time else 0),
                            ("remedied.closes", int(remedied)), ("remedied.fin_wait_2_ms", time if remedied else 0)):
            if number:
                counts[key] = counts.get(key, 0) + number

    def due(self, ms, age=60_000):
        for account, (since, counts, addresses) in list(self.open.items()):
            if ms - since < age:
                continue
            del self.open[account]
            host, vhost, agent, proxy = account
            head = {"host.name": host, "@timestamp": stamp(ms), "event.name": "finwait.tally", "server.address": vhost}
            if proxy:
                head["network.peer.address"] = proxy
            whole = {key: counts.get(key, 0) for key in ("closes", "stuck", "requests", "drained_bytes", "fin_wait_2_ms")}
            yield head | {"user_agent.original": agent, "finwait.tally.since": stamp(since), "finwait.tally.addresses": len(addresses)} | {
                f"finwait.tally.{key}": number for key, number in (whole | counts).items()}


def lines(count, mode="all", seed=1, most_agents=3000):
    if mode == "all":
        yield from closes(count, seed, most_agents)
        return
    tallies, minute = Tallies(), 0
    for number, line in enumerate(closes(count, seed, most_agents)):
        ms = BEGIN + number * DAY_MS // count
        if ms // 1000 != minute:
            minute = ms // 1000
            yield from tallies.due(ms)
        if is_stuck(line):
            yield line
        else:
            tallies.add(ms, line)
    yield from tallies.due(BEGIN + DAY_MS - 1, age=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("closes", type=int)
    parser.add_argument("--mode", choices=("all", "stuck"), default="all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for line in lines(options.closes, options.mode, options.seed):
        sys.stdout.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
