# SPDX-License-Identifier: Apache-2.0
"""What a fleet costs on this machine, with four servers on it: the figures of docs/fleet.md."""

import concurrent.futures
import gzip
import os
import re
import resource
import time

import corpus
import httpd
from clickhouse import Cluster
from parts import caught_up, encoded, number, report
from servers import Place, ask
from shippers import SyslogNg, ship_spool

RANKING = {
    "ranking by the rollup, sums": "SELECT user_agent, sum(closes), sum(stuck), sum(fin_wait_2_ms) AS cost FROM finwait.hours "
                                   "GROUP BY user_agent ORDER BY cost DESC LIMIT 20 FORMAT Null",
    "ranking by the rollup, with addresses": "SELECT user_agent, sum(closes), sum(fin_wait_2_ms) AS cost, uniqCombinedMerge(17)(addresses) "
                                             "FROM finwait.hours GROUP BY user_agent ORDER BY cost DESC LIMIT 20 FORMAT Null",
    "ranking by Records, sums": "SELECT user_agent, count(), sum(stuck), sum(fin_wait_2_ms) AS cost FROM finwait.closes "
                                "GROUP BY user_agent ORDER BY cost DESC LIMIT 20 FORMAT Null",
    "the same, FINAL": "SELECT user_agent, count(), sum(stuck), sum(fin_wait_2_ms) AS cost FROM finwait.closes FINAL "
                       "GROUP BY user_agent ORDER BY cost DESC LIMIT 20 FORMAT Null"}


def tell(sentence):
    print(f"       {sentence}", flush=True)


def median_seconds(act, times=3):
    seconds = []
    for _ in range(times):
        begun = time.monotonic()
        act()
        seconds.append(time.monotonic() - begun)
    return sorted(seconds)[times // 2]


def batches(lines, size=50_000):
    waiting = []
    for line in lines:
        waiting.append(encoded(line))
        if len(waiting) == size:
            yield b"".join(waiting), size
            waiting = []
    if waiting:
        yield b"".join(waiting), len(waiting)


def rows_in(cluster, closes):
    """Each of two senders to a shard of its own, gzipped as the shippers do; made before the clock runs."""
    made = [(gzip.compress(text, 1), len(text), count) for text, count in batches(corpus.closes(closes))]
    headers = {"Content-Encoding": "gzip"}

    def send(number_, text):
        url = f"{cluster.shard(number_ % 2 + 1)[0].url}/?query=INSERT+INTO+finwait.lines+FORMAT+JSONEachRow"
        ask(url, text, "ship", 600, dict(headers))

    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(2) as senders:
        for done in [senders.submit(send, number_, text) for number_, (text, _, _) in enumerate(made)]:
            done.result()
    seconds = time.monotonic() - begun
    rows, bytes_ = sum(count for _, _, count in made), sum(size for _, size, _ in made)
    tell(f"rows in, two senders, all views, replicated: {rows / seconds:,.0f}/s ({rows:,} in {seconds:.1f} s; {bytes_ / rows:.0f} bytes "
         "of log each)")
    return rows


def on_disk(cluster, rows):
    for table in "closes_local", "hours_local", "stuck_addresses_local", "hosts_local":
        for shard in (1, 2):
            cluster.shard(shard)[0].ask(f"OPTIMIZE TABLE finwait.{table}")
    sizes = {}
    for shard in (1, 2):
        for line in cluster.shard(shard)[0].ask("SELECT table, sum(bytes_on_disk), sum(rows) FROM system.parts WHERE database = 'finwait' "
                                                "AND active GROUP BY table").splitlines():
            table, size, count = line.split("\t")
            before = sizes.get(table, (0, 0))
            sizes[table] = (before[0] + int(size), before[1] + int(count))
    for table, (size, count) in sorted(sizes.items()):
        if count:
            tell(f"on disk, one replica: {table} {size / count:.0f} bytes a row, {size / rows:.1f} a Record ({count:,} rows)")


def questions(cluster):
    node = cluster.nodes[0]
    for name, sql in RANKING.items():
        tell(f"{name}: {median_seconds(lambda sql=sql: node.ask(sql)):.2f} s")
    for name, words in {"by the rollup (--by family)": ["--by", "family"], "by the rollup (--by ua)": ["--by", "ua"],
                        "by the rollup (--by hour)": ["--by", "hour"], "by Records (--by cause)": ["--by", "cause"],
                        "by Records (--by family --outcome timeout)": ["--by", "family", "--outcome", "timeout"]}.items():
        tell(f"finwait-report {name}: {median_seconds(lambda words=words: report(*words, url=node.url)):.2f} s")


def small_inserts(cluster, seconds=10):
    """Of a hundred lines each, as many at a time as there are senders."""
    node, ends = cluster.shard(1)[0], time.monotonic() + seconds
    texts = [text for text, _ in batches(corpus.closes(40_000, 7), 100)]

    def send(sender):
        sent = 0
        while time.monotonic() < ends and sender + 4 * sent < len(texts):
            node.insert(texts[sender + 4 * sent])
            sent += 1
        return sent

    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as senders:
        sent = sum(senders.map(send, range(4)))
    tell(f"inserts of 100 lines that one shard takes, four senders: {sent / (time.monotonic() - begun):.0f}/s")


def log_lines(count, seed):
    made = []
    for line in corpus.closes(count, seed):
        del line["host.name"]
        made.append(encoded(line))
    return made


def shippers(place, cluster, count=100_000):
    urls = [node.url for node in cluster.shard(2)]
    log = place.root / "cpu.log"
    log.write_bytes(b"".join(log_lines(count, 8)))
    syslog = SyslogNg(place, "cpu", log, urls)
    begun = time.monotonic()
    syslog.start()
    here = "SELECT count() FROM finwait.closes WHERE host = 'cpu'"
    httpd.wait_until(lambda: number(cluster.nodes[2], here) >= count, 120)
    seconds = time.monotonic() - begun
    cpu = httpd.cpu_seconds_of(syslog.process.pid)
    tell(f"syslog-ng: {count / seconds:,.0f} lines/s, {1e6 * cpu / count:.1f} us of CPU a line")
    spool = place.root / "cpu-spool"
    spool.mkdir()
    (spool / "1.log").write_bytes(b"".join(log_lines(count, 9)))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    taken = ship_spool(spool, "cpu2", urls)
    seconds = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    tell(f"finwait-ship: {count / seconds:,.0f} lines/s, {1e6 * cpu / count:.1f} us of CPU a line{'' if taken else ' (not taken!)'}")


def run(tally, closes):
    place = Place()
    try:
        if not place.has_debian():
            return tally.skip("measure: t/fleet/unpack could not get ClickHouse 18.16 and syslog-ng")
        print(f"       {os.cpu_count()} processors, {re.findall(r'model name.*: (.*)', open('/proc/cpuinfo').read())[0]}, load "
              f"{os.getloadavg()[0]:.1f}")
        cluster = Cluster(place)
        cluster.apply_schema()
        rows = rows_in(cluster, closes)
        tally.that(caught_up(cluster, seconds=300) and number(cluster.nodes[3], "SELECT count() FROM finwait.closes FINAL") == rows,
                   f"measure: {rows:,} closes came in and are on both replicas")
        on_disk(cluster, rows)
        questions(cluster)
        small_inserts(cluster)
        shippers(place, cluster)
    finally:
        place.stop()
