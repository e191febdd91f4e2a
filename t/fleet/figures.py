# SPDX-License-Identifier: Apache-2.0
"""Each figure of a report on the log is the fleet's, on the oldest engine and on the newest."""

import concurrent.futures
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
ENGINE_WITHIN = 0.02
MANY = 500_000  # closes: then not with every filter
HOUR = ("--since", "2026-11-21T03:00:00Z", "--until", "2026-11-21T04:00:00Z")  # so few addresses that nobody estimates
TEXTS = ([*HOUR, "--top", "5"], [*HOUR, "--csv", "--by", "vhost"], [*HOUR, "--markdown", "--top", "5"], ["--httpd-conf"], [*HOUR, "--html", "-"],
         ["--fail-if", "culprits>0", "--httpd-conf"], ["--fail-if", "stuck>99%", "--httpd-conf"],
         ["--diff", "2026-11-21T00:00Z..2026-11-21T12:00Z", "2026-11-21T12:00Z..2026-11-22T00:00Z", "--csv"])
OF_READING = ("Made by", " UTC", "servers, as their fleet", "<h2>Notes", "<footer>From")  # when and where it was made


def wishes(closes):
    yield from (["--by", by] for by in DIMENSIONS)
    filters = FILTERS if closes <= MANY else FILTERS[:1] + FILTERS[-1:]
    yield from (["--by", by, *words] for by in ("family", "vhost", "address")[:3 if closes <= MANY else 1] for words in filters)


def compared(words, log, url, user):
    """What differs, how many figures there are, and the seconds of both."""
    local, of_file = report(*words, str(log))
    fleet, of_fleet = report(*words, url=url, user=user)
    if local is None or fleet is None:
        return [(words, "no report")], 0, of_file, of_fleet
    return [(words, *found) for found in same.differences(local, fleet)], same.figures(local), of_file, of_fleet


def compare(tally, closes, what, log, url, user):
    first, *others = wishes(closes)
    made = [compared(first, log, url, user)]  # alone, for its time
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        made += pool.map(lambda words: compared(words, log, url, user), others)
    wrong = [found for differences, *_ in made for found in differences]
    tally.that(not wrong, f"{what}: {sum(figures for _, figures, *_ in made):,} figures of {len(made)} reports are those of the log"
               + (f", but for {len(wrong)}: {wrong[:5]}" if wrong else "")
               + f" (by family {made[0][2]:.2f} s from the file, {made[0][3]:.2f} s from the engine)")


def addresses_of(log_lines):
    """{dimension: {row: addresses}}, the truth."""
    truth = {"ua": {}, "vhost": {}, "hour": {}}
    for line in log_lines:
        if line["event.name"] != "finwait.close":
            continue
        address = line.get("client.address") or line["network.peer.address"]
        names = {"vhost": line["server.address"], "hour": line["@timestamp"][:13].replace("T", " ") + ":00"}
        if not (line.get("finwait.shared") or line.get("finwait.via")):
            names["ua"] = line["user_agent.original"]
        for by, name in names.items():
            truth[by].setdefault(name, set()).add(address)
    return truth


def addresses_are_near(tally, what, truth, url, user):
    exact, many, wrong = 0, [], []
    for by, known in truth.items():
        told, _ = report("--by", by, url=url, user=user)
        rows = {row["name"]: row["addresses"] for row in told["rows"] if not row["peer"]} if told else {}
        for name, addresses in known.items():
            count = rows.get(name, 0)
            if len(addresses) > same.EXACT_MAX:
                many.append(abs(count - len(addresses)) / len(addresses))
            else:
                exact += 1
                wrong += [(name, count, len(addresses))] if count != len(addresses) else []
    tally.that(not wrong and max(many, default=0) <= ENGINE_WITHIN,
               f"{what}: addresses of {exact} rows by {', '.join(truth)} with up to {same.EXACT_MAX:,} are exact, of {len(many)} with more within "
               f"{100 * max(many, default=0):.2f} %" + (f"; wrong: {wrong[:3]}" if wrong else ""))


def write_log(place, closes, mode, seed=1):
    log = place.root / f"{mode}.log"
    with open(log, "wb") as out:
        for line in corpus.lines(closes, mode, seed):
            out.write(encoded(line))
    return log


def texts_are_the_same(tally, what, log, url, user):
    """What is no JSON, and the exit status."""
    with open(log, encoding="utf-8") as lines:
        cookie = next(line["finwait.socket_cookie"] for line in map(json.loads, lines) if line["event.name"] == "finwait.close")
    for words in (*TEXTS, ["show", cookie]):
        local = said(*words, str(log), user=user)
        fleet = said("--clickhouse", where(url, user), *words, user=user)
        differ = [pair for pair in zip(local, fleet) if pair[0] != pair[1]] + [(len(local), len(fleet))]
        tally.that(len(local) > 1 and local == fleet, f"{what}: {' '.join(words) or 'the table'}: status {local[0]}, and the same {len(local) - 1} lines"
                   + ("" if local == fleet else f", but for {differ[:3]}"))


def where(url, user):
    return url.replace("://", f"://{user}@" if user else "://")


def said(*words, user):
    """Its exit status and what it wrote."""
    done = subprocess.run([REPORT, *words], capture_output=True, text=True, env=os.environ | {"FINWAIT_CLICKHOUSE_PASSWORD": PASSWORDS.get(user, "")})
    return [done.returncode, *(line for line in done.stdout.splitlines() if line and not any(word in line for word in OF_READING))]


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
                addresses_are_near(tally, what, addresses_of(map(json.loads, lines)), url, user)
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
