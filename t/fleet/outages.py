# SPDX-License-Identifier: Apache-2.0
"""Two web servers write, one shipped by syslog-ng and one by a spool, while everything behind them fails in turn. Each close must be
kept, and none twice; the spool's rollups must be exact, syslog-ng's doubles found and healed."""

import signal
import time

import corpus
import httpd
import rotations
from clickhouse import Cluster
from parts import caught_up, encoded, fleet_tool, number
from servers import Place
from shippers import Spooler, SyslogNg, Writer

RATE = 800  # lines a second of each server
DAY = "2026-11-21"
SHIP_SECONDS_MAX = 240
HOSTS = {"web-syslog": "syslog-ng", "web-spool": "spool"}


def lines_of(host, count, seed):
    """Each host has a virtual host of its own, by which its closes are found in the sums by hour."""
    made = []
    for line in corpus.closes(count, seed):
        del line["host.name"]
        made.append(encoded(line | {"server.address": host}))
    return made


class Outages:
    """One after the other; each is over before the next begins."""

    def __init__(self, cluster, syslog, writers):
        self.cluster, self.syslog, self.writers = cluster, syslog, writers
        self.replicas = cluster.shard(1)

    def written(self):
        return sum(writer.sent for writer in self.writers)

    def write_for(self, seconds):
        """As long as the servers take to write so much, or are done."""
        enough = self.written() + seconds * RATE * len(self.writers)
        if not httpd.wait_until(lambda: self.written() >= enough or not any(writer.is_alive() for writer in self.writers), 10 * seconds):
            raise RuntimeError(f"the writers stopped at {self.written():,} lines")

    def all(self):
        def during(seconds, begin, end):
            begin()
            self.write_for(seconds)
            end()
        one, other = self.replicas
        yield "a replica killed, 5 s", lambda: during(5, one.kill, one.start)
        yield "the shard down, 30 s", lambda: during(30, self.kill_both, self.start_both)
        yield "both servers hung, 12 s: longer than the shippers wait", lambda: during(
            12, lambda: [replica.signal(signal.SIGSTOP) for replica in self.replicas],
            lambda: [replica.signal(signal.SIGCONT) for replica in self.replicas])
        yield "ZooKeeper away, 15 s", lambda: during(15, self.cluster.zookeeper.kill, self.cluster.zookeeper.start)
        yield "syslog-ng killed, twice", lambda: [during(2, self.syslog.kill, self.syslog.start) for _ in range(2)]
        yield "the other replica stopped, 5 s", lambda: during(5, other.stop, other.start)

    def kill_both(self):
        for replica in self.replicas:
            replica.kill()

    def start_both(self):
        for replica in self.replicas:
            replica.start(wait=False)
        for replica in self.replicas:
            replica.wait()


def counted(node, host):
    """different closes kept, of the host's own; records by the rollup of hosts; closes by that of hours"""
    return (number(node, f"SELECT count() FROM finwait.closes FINAL WHERE host = '{host}'"),
            number(node, f"SELECT sum(records) FROM finwait.hosts WHERE host = '{host}'"),
            number(node, f"SELECT sum(closes) FROM finwait.hours WHERE vhost = '{host}'"))


def arrived(node, host, sent):
    """Also where an engine is still away."""
    try:
        return counted(node, host)[0] >= sent
    except Exception:  # noqa: BLE001
        return False


def run(tally, _):
    place = Place()
    try:
        if not place.has_debian():
            return tally.skip("outages: t/fleet/unpack could not get ClickHouse 18.16 and syslog-ng")
        cluster = Cluster(place)
        cluster.apply_schema()
        outages_of(tally, place, cluster)
        rotations.run(tally, place, cluster)
    finally:
        place.stop()


def outages_of(tally, place, cluster):
    urls = [node.url for node in cluster.shard(1)]
    log, spool = place.root / "finwait.log", place.root / "spool"
    spool.mkdir()
    log.touch()
    syslog = SyslogNg(place, "web-syslog", log, urls, timeout=5).start()
    spooler = Spooler(spool, "web-spool", urls)
    seconds = 135
    writers = {"web-syslog": Writer(lines_of("web-syslog", RATE * seconds, 1), RATE, log=log, rotate_s=seconds / 4),
               "web-spool": Writer(lines_of("web-spool", RATE * seconds, 2), RATE, spool=spool, rotate_s=3)}
    outages = Outages(cluster, syslog, list(writers.values()))
    for name, outage in outages.all():
        outages.write_for(5)
        outage()
        print(f"       {name}; {outages.written():,} lines written", flush=True)
    for writer in writers.values():
        writer.join()
    node = cluster.nodes[3]  # of the shard that nothing happened to
    for host, shipper in HOSTS.items():
        sent = len(writers[host].lines)
        httpd.wait_until(lambda host=host, sent=sent: arrived(node, host, sent), SHIP_SECONDS_MAX)
    spooler.stop()
    caught_up(cluster)
    for host, shipper in HOSTS.items():
        judge(tally, node, host, shipper, len(writers[host].lines))
    heal(tally, cluster, node, {host: writers[host].lines for host in HOSTS})


def judge(tally, node, host, shipper, sent):
    kept, of_hosts, of_hours = counted(node, host)
    tally.that(kept == sent, f"{shipper}: {sent:,} lines written, {kept:,} kept, {sent - kept:,} lost, none twice")
    if shipper == "spool":
        tally.that(of_hosts == sent and of_hours == sent,
                   f"spool: the rollups count {of_hosts:,} by host and {of_hours:,} by hour")
    else:
        tally.that(of_hosts >= sent and of_hours >= sent,
                   f"syslog-ng: the rollups count {of_hosts:,} by host, {of_hosts - sent:,} of them twice, and {of_hours:,} by hour")


def heal(tally, cluster, node, lines):
    sent = {host: len(written) for host, written in lines.items()}
    _, of_hosts, of_hours = counted(node, "web-syslog")
    doubled = of_hosts != sent["web-syslog"] or of_hours != sent["web-syslog"]
    found = fleet_tool("check", DAY, node.url)
    names = "web-syslog" in found.stdout and "web-spool" not in found.stdout
    tally.that(found.returncode == (1 if doubled else 0) and names == (doubled and of_hosts != sent["web-syslog"]),
               f"check finds {len(found.stdout.splitlines())} hours: {found.stdout.splitlines()[:2]}{found.stderr}")
    # As if a batch had come again cut anew, whatever the outages did.
    cluster.shard(1)[0].insert(b"".join(b'{"host.name":"web-syslog",' + line[1:] for line in lines["web-syslog"][:500]))
    found = fleet_tool("check", DAY, node.url)
    tally.that(found.returncode == 1 and "hosts: 2026-11-21 00:00:00 UTC web-syslog" in found.stdout,
               f"500 lines sent once more, cut anew: check names {found.stdout.splitlines()[0] if found.stdout else 'nothing'}")
    begun = time.monotonic()
    healed = fleet_tool("rebuild", DAY, *[cluster.shard(shard)[0].url for shard in (1, 2)])
    seconds = time.monotonic() - begun
    caught_up(cluster, "hours_local", "closes")
    found = fleet_tool("check", DAY, node.url)
    right = all(counted(node, host) == (count, count, count) for host, count in sent.items())
    tally.that(healed.returncode == 0 and found.returncode == 0 and right,
               f"rebuild heals them in {seconds:.1f} s: {healed.stderr}{found.stdout[:300]}{found.stderr}"
               f"{[counted(node, host) for host in sent]}")
