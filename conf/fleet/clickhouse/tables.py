# SPDX-License-Identifier: Apache-2.0
"""Where lines come in, what is kept of each, and what is read."""

from counts import COUNTS, IS_STUCK

# Of a table without replicas; 18.16 has no such window there.
WINDOW = 10_000


class Cluster:
    on = " ON CLUSTER fleet"

    @staticmethod
    def engine(kind, table):
        return f"Replicated{kind}('/clickhouse/tables/{{shard}}/finwait/{table}', '{{replica}}')"

    settings = ""

    @staticmethod
    def whole(table):
        return f"AS finwait.{table}_local ENGINE = Distributed(fleet, finwait, {table}_local)"


class Single:
    on = ""

    @staticmethod
    def engine(kind, _):
        return f"{kind}()"

    settings = f"\nSETTINGS non_replicated_deduplication_window = {WINDOW}"

    @staticmethod
    def whole(table):
        return f"AS finwait.{table}_local ENGINE = Merge(finwait, '^{table}_local$')"


TEXTS = ["@timestamp", "event.name", "host.name", "network.peer.address", "network.local.address", "client.address",
         "server.address", "user_agent.original", "network.protocol.version", "tls.protocol.version",
         "network.connection.state", "finwait.cause", "finwait.drain", "finwait.outcome", "finwait.probe",
         "finwait.socket_cookie", "finwait.mpm", "finwait.remedy", "finwait.tally.since"]
NUMBERS = ["network.peer.port", "network.local.port", "finwait.requests", "finwait.drain_ms", "finwait.drained_bytes",
           "finwait.fin_wait_2_ms", "finwait.tcp.rtt_us", "finwait.tcp.unacked", "finwait.tcp.retransmits",
           "finwait.dropped", "finwait.tally.addresses"]
NUMBERS += [f"finwait.tally.{key}" for _, _, key in COUNTS if key]
TRUTHS = ["finwait.shared", "finwait.via"]

TIME = "parseDateTimeBestEffortOrZero(`@timestamp`, 'UTC')"
SINCE = "parseDateTimeBestEffortOrZero(`finwait.tally.since`, 'UTC')"
MS = "toUInt16OrZero(substring(`@timestamp`, 21, 3))"
SINCE_MS = "toUInt16OrZero(substring(`finwait.tally.since`, 21, 3))"
ADDRESS = "if(`client.address` = '', `network.peer.address`, `client.address`)"
IS_OF_PROXY = "(`finwait.shared` = 1 OR `finwait.via` = 1)"

# How the columns of a close are called in a line.
IN_A_LINE = {
    "state": "`network.connection.state`", "probe": "`finwait.probe`", "drain": "`finwait.drain`",
    "cause": "`finwait.cause`", "outcome": "`finwait.outcome`", "http_version": "`network.protocol.version`",
    "via": "`finwait.via`", "remedy": "`finwait.remedy`", "requests": "`finwait.requests`",
    "drained_bytes": "`finwait.drained_bytes`", "fin_wait_2_ms": "`finwait.fin_wait_2_ms`"}


def lines(place):
    columns = [f"`{key}` String" for key in TEXTS] + [f"`{key}` UInt64" for key in NUMBERS]
    columns += [f"`{key}` UInt8" for key in TRUTHS]
    return f"CREATE TABLE IF NOT EXISTS finwait.lines{place.on} (\n    " + ",\n    ".join(columns) + "\n) ENGINE = Null"


CLOSE = [  # column, type, from a line
    ("time", "DateTime('UTC')", TIME), ("ms", "UInt16", MS), ("host", "String", "`host.name`"),
    ("vhost", "String", "`server.address`"), ("user_agent", "String", "`user_agent.original`"),
    ("address", "String", ADDRESS), ("peer_address", "String", "`network.peer.address`"),
    ("peer_port", "UInt16", "toUInt16(`network.peer.port`)"), ("local_address", "String", "`network.local.address`"),
    ("local_port", "UInt16", "toUInt16(`network.local.port`)"), ("http_version", "String", "`network.protocol.version`"),
    ("tls_version", "String", "`tls.protocol.version`"), ("state", "String", "`network.connection.state`"),
    ("cause", "String", "`finwait.cause`"), ("drain", "String", "`finwait.drain`"), ("outcome", "String", "`finwait.outcome`"),
    ("probe", "String", "`finwait.probe`"), ("stuck", "UInt8", f"toUInt8({IS_STUCK.format_map(IN_A_LINE)})"),
    ("requests", "UInt32", "toUInt32(`finwait.requests`)"), ("drain_ms", "UInt64", "`finwait.drain_ms`"),
    ("drained_bytes", "UInt64", "`finwait.drained_bytes`"), ("fin_wait_2_ms", "UInt64", "`finwait.fin_wait_2_ms`"),
    ("cookie", "String", "`finwait.socket_cookie`"), ("rtt_us", "UInt32", "toUInt32(`finwait.tcp.rtt_us`)"),
    ("unacked", "UInt32", "toUInt32(`finwait.tcp.unacked`)"), ("retransmits", "UInt32", "toUInt32(`finwait.tcp.retransmits`)"),
    ("mpm", "String", "`finwait.mpm`"), ("remedy", "String", "`finwait.remedy`"), ("shared", "UInt8", "`finwait.shared`"),
    ("via", "UInt8", "`finwait.via`")]

TALLY = [
    ("since", "DateTime('UTC')", SINCE), ("since_ms", "UInt16", SINCE_MS), ("time", "DateTime('UTC')", TIME),
    ("ms", "UInt16", MS), ("host", "String", "`host.name`"), ("vhost", "String", "`server.address`"),
    ("user_agent", "String", "`user_agent.original`"), ("proxy", "String", "`network.peer.address`"),
    ("addresses", "UInt64", "`finwait.tally.addresses`")]
TALLY += [(column, "UInt64", f"`finwait.tally.{key}`") for column, _, key in COUNTS if key]

DROPPED = [("time", "DateTime('UTC')", TIME), ("ms", "UInt16", MS), ("host", "String", "`host.name`"),
           ("dropped", "UInt64", "`finwait.dropped`")]


def raw(place, table, columns, event, day, order):
    """A row for each line of that event. One that comes twice in different batches is one after a merge; FINAL sees it
    at once."""
    types = ",\n    ".join(f"{name} {kind}" for name, kind, _ in columns)
    yield (f"CREATE TABLE IF NOT EXISTS finwait.{table}_local{place.on} (\n    {types}\n"
           f") ENGINE = {place.engine('ReplacingMergeTree', table)}\nPARTITION BY toDate({day}) {order}{place.settings}")
    values = ",\n    ".join(f"{value} AS {name}" for name, _, value in columns)
    yield (f"CREATE MATERIALIZED VIEW IF NOT EXISTS finwait.{table}_of_lines{place.on} TO finwait.{table}_local AS SELECT\n"
           f"    {values}\nFROM finwait.lines WHERE `event.name` = '{event}'")


def schema(place):
    made = [f"CREATE DATABASE IF NOT EXISTS finwait{place.on}", lines(place)]
    made += raw(place, "closes", CLOSE, "finwait.close", "time",
                "ORDER BY (toStartOfHour(time), user_agent, vhost, time, ms, host, cookie, peer_address, peer_port, local_port)\n"
                "PRIMARY KEY (toStartOfHour(time), user_agent, vhost)")
    made += raw(place, "tallies", TALLY, "finwait.tally", "since",
                "ORDER BY (toStartOfHour(since), user_agent, vhost, proxy, since, since_ms, host, time, ms)\n"
                "PRIMARY KEY (toStartOfHour(since), user_agent, vhost)")
    made += raw(place, "dropped", DROPPED, "finwait.dropped", "time", "ORDER BY (time, ms, host, dropped)")
    return made


def records():
    """Records again as lines of the log: SELECT * FROM finwait.records ... FORMAT JSONEachRow."""
    stamp = ("concat(replaceOne(toString(time), ' ', 'T'), '.', substring(toString(1000 + ms), 2), 'Z')")
    values = {"@timestamp": stamp, "event.name": "'finwait.close'", "host.name": "host", "network.peer.address": "peer_address",
              "network.peer.port": "peer_port", "network.local.address": "local_address", "network.local.port": "local_port",
              "client.address": "if(address = peer_address, '', address)", "server.address": "vhost",
              "user_agent.original": "user_agent", "network.protocol.version": "http_version", "tls.protocol.version": "tls_version",
              "network.connection.state": "state", "finwait.tcp.rtt_us": "rtt_us", "finwait.tcp.unacked": "unacked",
              "finwait.tcp.retransmits": "retransmits", "finwait.socket_cookie": "cookie"}
    for name in ("cause", "drain", "outcome", "probe", "requests", "drain_ms", "drained_bytes", "fin_wait_2_ms", "mpm",
                 "remedy", "shared", "via"):
        values[f"finwait.{name}"] = name
    return ",\n    ".join(f"{value} AS `{key}`" for key, value in values.items())


def reading(place):
    made = [f"CREATE TABLE IF NOT EXISTS finwait.{table}{place.on} {place.whole(table)}"
            for table in ("closes", "tallies", "dropped", "hours", "stuck_addresses", "hosts")]
    return made + [f"CREATE VIEW IF NOT EXISTS finwait.records{place.on} AS SELECT\n    {records()}\nFROM finwait.closes FINAL"]


def lines_of_otel_logs():
    values = ["ResourceAttributes['host.name'] AS `host.name`"]
    values += [f"JSONExtractString(Body, '{key}') AS `{key}`" for key in TEXTS if key != "host.name"]
    values += [f"JSONExtractUInt(Body, '{key}') AS `{key}`" for key in NUMBERS]
    values += [f"toUInt8(JSONExtractBool(Body, '{key}')) AS `{key}`" for key in TRUTHS]
    return ("CREATE MATERIALIZED VIEW IF NOT EXISTS otel.finwait_lines TO finwait.lines AS SELECT\n    " + ",\n    ".join(values)
            + "\nFROM otel.finwait_logs")
