# SPDX-License-Identifier: Apache-2.0
"""Each figure of a report on the log is the fleet's, on the oldest engine and on the newest."""

import json
import os
import random
import subprocess

import corpus
import same
from clickhouse import Chdb, Cluster
from parts import REPORT, caught_up, encoded, load, report
from servers import PASSWORDS, Place

DIMENSIONS = ("family", "ua", "vhost", "hour", "cause", "address", "peer")
FILTERS = (["--ua", "python"], ["--family", "Python Requests"], ["--vhost", "API.example.org"], ["--cause", "client_asked"],
           ["--outcome", "timeout"], ["--outcome", "fin", "--cause", "client_asked"], ["--address", "10.0.0.0/20"],
           ["--address", "2001:db8:9::/47"], ["--since", "2026-11-21T03:00:00Z", "--until", "2026-11-21T05:00:00Z"],
           ["--since", "2026-11-21T03:10:07.123Z", "--until", "2026-11-21T05:00:01Z"], ["--anonymize"])
MANY = 500_000  # closes: then not with every filter
TEXTS = (["--httpd-conf"], ["--diff", "2026-11-21T00:00Z..2026-11-21T12:00Z", "2026-11-21T12:00Z..2026-11-22T00:00Z", "--csv"])


def wishes(closes):
    yield from (["--by", by] for by in DIMENSIONS)
    filters = FILTERS if closes <= MANY else FILTERS[:1] + FILTERS[-1:]
    yield from (["--by", by, *words] for by in ("family", "vhost", "address")[:3 if closes <= MANY else 1] for words in filters)


def compare(tally, closes, what, log, url, user):
    figures, local_seconds, fleet_seconds = 0, [], []
    wrong = []
    for words in wishes(closes):
        local, seconds = report(*words, str(log))
        local_seconds.append(seconds)
        fleet, seconds = report(*words, url=url, user=user)
        fleet_seconds.append(seconds)
        if local is None or fleet is None:
            wrong.append((words, "no report"))
            continue
        figures += same.figures(local)
        wrong += [(words, *found) for found in same.differences(local, fleet)]
    tally.that(not wrong, f"{what}: {figures:,} figures of {len(local_seconds)} reports are those of the log"
               + (f", but for {len(wrong)}: {wrong[:5]}" if wrong else "")
               + f" (by family {local_seconds[0]:.2f} s from the file, {fleet_seconds[0]:.2f} s from the engine)")


def addresses_are_near(tally, what, log_lines, url, user):
    """The truth of both estimates."""
    truth = {}
    for line in log_lines:
        if line["event.name"] == "finwait.close" and not (line.get("finwait.shared") or line.get("finwait.via")):
            truth.setdefault(line["user_agent.original"], set()).add(line.get("client.address") or line["network.peer.address"])
    told, _ = report("--by", "ua", url=url, user=user)
    rows = {row["name"]: row["addresses"] for row in told["rows"] if not row["peer"]}
    exact = [name for name, known in truth.items() if len(known) <= 1024]
    many = {name: abs(rows[name] - len(known)) / len(known) for name, known in truth.items() if len(known) > 1024}
    wrong = [name for name in exact if rows.get(name or "(no User-Agent)", rows.get(name)) != len(truth[name])]
    tally.that(not wrong and max(many.values(), default=0) <= 0.02,
               f"{what}: addresses of {len(exact)} User-Agents with up to 1,024 are exact, of {len(many)} with more within "
               f"{100 * max(many.values(), default=0):.2f} %" + (f"; wrong: {wrong[:3]}" if wrong else ""))


def write_log(place, closes, mode, seed=1):
    log = place.root / f"{mode}.log"
    with open(log, "wb") as out:
        for line in corpus.lines(closes, mode, seed):
            out.write(encoded(line))
    return log


def texts_are_the_same(tally, what, log, url, user):
    """What is no JSON: but for the first line, which has the time."""
    for words in TEXTS:
        local, fleet = (said(*words, *more, user=user) for more in ((str(log),), ("--clickhouse", where(url, user))))
        tally.that(local and local == fleet, f"{what}: {words[0]} writes the same {len(local)} lines")


def where(url, user):
    return url.replace("://", f"://{user}@" if user else "://")


def said(*words, user):
    done = subprocess.run([REPORT, *words], capture_output=True, text=True, env=os.environ | {"FINWAIT_CLICKHOUSE_PASSWORD": PASSWORDS.get(user, "")})
    return [line for line in done.stdout.splitlines() if "Made by" not in line and " UTC." not in line]


def start(place, engine):
    if engine == "18.16":
        cluster = Cluster(place)
        cluster.apply_schema()
        # Each host's lines go to its shard, now to the one replica, now to the other.
        draw = random.Random(1)
        return cluster.nodes[1].url, "report", lambda line: cluster.shard(line[17] % 2 + 1)[draw.random() < 0.0001], cluster
    chdb = Chdb(place).start()
    chdb.apply_schema()
    return chdb.url, None, lambda line: chdb, None


def of_engine(tally, closes, mode, engine, log):
    place = Place()
    try:
        what = f"{closes:,} closes, mode {mode}, ClickHouse {engine}"
        if not (place.has_debian() if engine == "18.16" else place.has_chdb()):
            return tally.skip(f"{what}: t/fleet/unpack could not get it")
        url, user, node_of, cluster = start(place, engine)
        seconds = load(log, node_of)
        if cluster:
            caught_up(cluster, seconds=300)
        print(f"       {what}: loaded in {seconds:.1f} s", flush=True)
        compare(tally, closes, what, log, url, user)
        if mode == "all":
            with open(log, encoding="utf-8") as lines:
                addresses_are_near(tally, what, map(json.loads, lines), url, user)
        if closes <= MANY:
            texts_are_the_same(tally, what, log, url, user)
    finally:
        place.stop()


def run(tally, closes):
    place = Place()
    try:
        for mode in "all", "stuck":
            log = write_log(place, closes, mode)
            for engine in "18.16", "26.7":
                of_engine(tally, closes, mode, engine, log)
            log.unlink()
    finally:
        place.stop()
