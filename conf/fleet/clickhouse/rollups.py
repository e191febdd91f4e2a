# SPDX-License-Identifier: Apache-2.0
"""What is summed up by the hour, as lines come in; and made again from what is kept of them."""

from counts import COLUMNS, IS_STUCK, of_records, of_tallies
from tables import ADDRESS, IN_A_LINE, IS_OF_PROXY, MS, SINCE, SINCE_MS, TIME

SKETCH = "uniqCombined{}(17)"  # exact for thousands of addresses, then within 1 %
JOIN = ",\n    "

ADDRESSES = f"AggregateFunction({SKETCH.format('')}, String)"
NUMBER_MIN, NUMBER_MAX = "AggregateFunction(min, UInt64)", "AggregateFunction(max, UInt64)"

HOURS = ["hour DateTime('UTC')", "vhost String", "user_agent String", "proxy String", "is_tally UInt8"]
HOURS += [f"{column} UInt64" for column in COLUMNS]
HOURS += [f"addresses {ADDRESSES}", f"addresses_told {NUMBER_MAX}", f"first {NUMBER_MIN}", f"last {NUMBER_MAX}", "digest UInt64"]
STUCK_ADDRESSES = ["hour DateTime('UTC')", "vhost String", "user_agent String", "proxy String", "address String",
                   "peer_address String", "stuck UInt64", f"first {NUMBER_MIN}", "digest UInt64"]
HOSTS = ["hour DateTime('UTC')", "host String", "records UInt64", "tallies UInt64", "dropped UInt64", "foreign UInt64",
         f"heard {NUMBER_MAX}", "digest UInt64"]


def table(place, name, columns, order):
    return (f"CREATE TABLE IF NOT EXISTS finwait.{name}_local{place.on} (\n    {JOIN.join(columns)}\n"
            f") ENGINE = {place.engine('SummingMergeTree', name)}\nPARTITION BY toDate(hour) ORDER BY ({order}){place.settings}")


def view(place, name, to, select):
    return f"CREATE MATERIALIZED VIEW IF NOT EXISTS finwait.{name}{place.on} TO finwait.{to}_local AS {select}"


def ms_of(time, ms):
    return f"toUInt64(toUInt32({time})) * 1000 + {ms}"


def hours_of_records(source, time, ms, names, vhost, user_agent, proxy, address, identity):
    """A proxy's closes are nobody's: they go by its address and not by what its users are called."""
    at = ms_of(time, ms)
    return ("SELECT\n    " + JOIN.join([
        f"toStartOfHour({time}) AS hour", f"{vhost} AS vhost", f"if({proxy}, '', {user_agent}) AS user_agent",
        f"if({proxy}, {names['peer_address']}, '') AS proxy", "toUInt8(0) AS is_tally", *of_records(names),
        f"{SKETCH.format('State')}({address}) AS addresses", "maxState(toUInt64(0)) AS addresses_told",
        f"minState({at}) AS first", f"maxState({at}) AS last", f"sum(cityHash64({identity})) AS digest"])
        + f"\nFROM {source} GROUP BY hour, vhost, user_agent, proxy")


def hours_of_tallies(source, since, since_ms, sums, vhost, user_agent, proxy, told, identity):
    at = ms_of(since, since_ms)
    return ("SELECT\n    " + JOIN.join([
        f"toStartOfHour({since}) AS hour", f"{vhost} AS vhost", f"{user_agent} AS user_agent", f"{proxy} AS proxy",
        "toUInt8(1) AS is_tally", *sums, f"{SKETCH.format('StateIf')}({vhost}, 0) AS addresses",
        f"maxState({told}) AS addresses_told", f"minState({at}) AS first", f"maxState({at}) AS last",
        f"sum(cityHash64({identity})) AS digest"]) + f"\nFROM {source} GROUP BY hour, vhost, user_agent, proxy")


def stuck_addresses(source, time, ms, vhost, user_agent, proxy, address, peer, identity):
    return ("SELECT\n    " + JOIN.join([
        f"toStartOfHour({time}) AS hour", f"{vhost} AS vhost", f"if({proxy}, '', {user_agent}) AS user_agent",
        f"if({proxy}, {peer}, '') AS proxy", f"{address} AS address", f"{peer} AS peer_address", "count() AS stuck",
        f"minState({ms_of(time, ms)}) AS first", f"sum(cityHash64({identity})) AS digest"])
        + f"\nFROM {source} GROUP BY hour, vhost, user_agent, proxy, address, peer_address")


def hosts_of_lines():
    is_tally = "`event.name` = 'finwait.tally'"
    identity = "`@timestamp`, `event.name`, `network.peer.address`, `network.peer.port`, `server.address`, `user_agent.original`, " \
               "`finwait.socket_cookie`, `finwait.tally.since`, `finwait.dropped`"
    return ("SELECT\n    " + JOIN.join([
        f"toStartOfHour(if({is_tally}, {SINCE}, {TIME})) AS hour", "`host.name` AS host",
        "countIf(`event.name` = 'finwait.close') AS records", f"countIf({is_tally}) AS tallies", "sum(`finwait.dropped`) AS dropped",
        "countIf(`event.name` NOT IN ('finwait.close', 'finwait.tally', 'finwait.dropped')) AS foreign",
        f"maxState({ms_of(TIME, MS)}) AS heard", f"sum(cityHash64({identity})) AS digest"])
        + "\nFROM finwait.lines GROUP BY hour, host")


CLOSE_LINE = "`@timestamp`, `host.name`, `network.peer.address`, `network.peer.port`, `network.local.port`, `finwait.socket_cookie`"
TALLY_LINE = "`@timestamp`, `host.name`, `server.address`, `network.peer.address`, `user_agent.original`, `finwait.tally.since`"


def schema(place):
    line = IN_A_LINE | {"peer_address": "`network.peer.address`"}
    vhost, user_agent = "`server.address`", "`user_agent.original`"
    closes = "finwait.lines WHERE `event.name` = 'finwait.close'"
    stuck = f"{closes} AND {IS_STUCK.format_map(IN_A_LINE)}"
    sums = of_tallies(lambda key: f"`finwait.tally.{key}`")
    return [
        table(place, "hours", HOURS, "hour, user_agent, vhost, proxy, is_tally"),
        view(place, "hours_of_closes", "hours", hours_of_records(
            closes, TIME, MS, line, vhost, user_agent, IS_OF_PROXY, ADDRESS, CLOSE_LINE)),
        view(place, "hours_of_tallies", "hours", hours_of_tallies(
            "finwait.lines WHERE `event.name` = 'finwait.tally'", SINCE, SINCE_MS, sums, vhost, user_agent,
            "`network.peer.address`", "`finwait.tally.addresses`", TALLY_LINE)),
        table(place, "stuck_addresses", STUCK_ADDRESSES, "hour, user_agent, vhost, proxy, address, peer_address"),
        view(place, "stuck_addresses_of_closes", "stuck_addresses", stuck_addresses(
            stuck, TIME, MS, vhost, user_agent, IS_OF_PROXY, ADDRESS, "`network.peer.address`", CLOSE_LINE)),
        table(place, "hosts", HOSTS, "hour, host"),
        view(place, "hosts_of_lines", "hosts", hosts_of_lines()),
    ]


def renamed(source, columns, condition):
    """Under names of their own: an alias `sum(requests) AS requests` would be meant by whatever follows it."""
    names = JOIN.join(f"{column} AS {column}_" for column in columns)
    return f"(SELECT {names}\n    FROM finwait.{source}_local FINAL WHERE {condition})"


def rebuild():
    closes = [*IN_A_LINE, "peer_address", "time", "ms", "host", "vhost", "user_agent", "shared", "address", "peer_port",
              "local_port", "cookie"]
    tallies = [*[column for column in COLUMNS if not column.startswith("stuck_cause_")], "since", "since_ms", "time", "ms",
               "host", "vhost", "user_agent", "proxy", "addresses"]
    names = {column: f"{column}_" for column in [*IN_A_LINE, "peer_address"]}
    of_day, proxy = "toDate(time) = '{day}'", "(shared_ = 1 OR via_ = 1)"
    close_id = "time_, ms_, host_, peer_address_, peer_port_, local_port_, cookie_"
    tally_id = "time_, ms_, host_, vhost_, proxy_, user_agent_, since_, since_ms_"
    sums = [f"sum({column}_) AS {column}" if not column.startswith("stuck_cause_") else f"toUInt64(0) AS {column}" for column in COLUMNS]
    insert = "INSERT INTO finwait.{}_local "
    return [
        *[f"ALTER TABLE finwait.{name}_local DROP PARTITION '{{day}}'" for name in ("hours", "stuck_addresses", "hosts")],
        insert.format("hours") + hours_of_records(
            renamed("closes", closes, of_day), "time_", "ms_", names, "vhost_", "user_agent_", proxy, "address_", close_id),
        insert.format("hours") + hours_of_tallies(
            renamed("tallies", tallies, "toDate(since) = '{day}'"), "since_", "since_ms_", sums, "vhost_", "user_agent_", "proxy_",
            "addresses_", tally_id),
        insert.format("stuck_addresses") + stuck_addresses(
            renamed("closes", closes, of_day + " AND stuck = 1"), "time_", "ms_", "vhost_", "user_agent_", proxy, "address_",
            "peer_address_", close_id),
        insert.format("hosts") + hosts_again(),
    ]


def hosts_again():
    """Lines of other events are not kept, so nothing is known of them any more."""
    def part(table, day, records, tallies, dropped):
        return (f"SELECT {day} AS day_, host AS host_, time AS time_, ms AS ms_, {records} AS records_, {tallies} AS tallies_, "
                f"{dropped} AS dropped_\n    FROM finwait.{table}_local FINAL WHERE toDate({day}) = '{{day}}'")
    none, one = "toUInt64(0)", "toUInt64(1)"
    parts = "\n    UNION ALL ".join([part("closes", "time", one, none, none), part("tallies", "since", none, one, none),
                                     part("dropped", "time", none, none, "dropped")])
    return ("SELECT\n    " + JOIN.join([
        "toStartOfHour(day_) AS hour", "host_ AS host", "sum(records_) AS records", "sum(tallies_) AS tallies",
        "sum(dropped_) AS dropped", "toUInt64(0) AS foreign", f"maxState({ms_of('time_', 'ms_')}) AS heard",
        "sum(cityHash64(time_, ms_, host_, records_, tallies_)) AS digest"]) + f"\nFROM ({parts}) GROUP BY hour, host")
