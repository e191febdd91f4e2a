# SPDX-License-Identifier: Apache-2.0
"""What once went wrong, each on the engine where it does: why the schema, the settings and the configurations are as they are."""

import datetime
import subprocess
import urllib.error
import urllib.request

import corpus
from clickhouse import Chdb, Cluster
from parts import REPORT, caught_up, encoded, fleet_tool, number
from servers import CONF, PASSWORDS, Place, Refused, Server, ask, free_ports
from shippers import SyslogNg, ship_spool


def batch(count, seed=1, **changes):
    """So many closes of one hour and one client."""
    same = {"@timestamp": "2026-11-21T10:00:00.000Z", "user_agent.original": "trap/1.0", "server.address": "trap"} | changes
    return b"".join(encoded(line | same) for line in corpus.closes(count, seed))


def is_refused(act):
    try:
        act()
    except Refused as refusal:
        return str(refusal)
    return ""


def closes_by_hour(server, vhost="trap"):
    return number(server, f"SELECT sum(closes) FROM finwait.hours WHERE vhost = '{vhost}'")


def schema_is_on_every_server(tally, cluster):
    tables = [node.ask("SELECT count() FROM system.tables WHERE database = 'finwait'") for node in cluster.nodes]
    tally.that(len(set(tables)) == 1 and int(tables[0]) > 15,
               f"ON CLUSTER reaches all servers, listed by 127.0.0.1 and a tcp_port each: {int(tables[0])} tables")
    text = (CONF / "clickhouse/schema.sql").read_text()
    tally.that("Enum" not in text, "no column is an Enum")


def view_of_a_replicated_source_is_not_completed(tally, cluster):
    """What a Null inbox is for: a view that fails while the gate is shut."""
    node = cluster.nodes[0]
    node.ask("CREATE TABLE default.gate (x UInt64) ENGINE = Memory")
    for engine, name, rows_wanted in (("ReplicatedMergeTree('/t/{shard}/trap', '{replica}') ORDER BY x", "kept", 0), ("Null", "inbox", 1)):
        node.ask(f"CREATE TABLE default.{name} (x UInt64) ENGINE = {engine}")
        node.ask(f"CREATE TABLE default.of_{name} (x UInt64) ENGINE = ReplicatedMergeTree('/t/{{shard}}/of_{name}', '{{replica}}') ORDER BY x")
        node.ask(f"CREATE MATERIALIZED VIEW default.view_{name} TO default.of_{name} AS SELECT x FROM default.{name} "
                 "WHERE NOT throwIf((SELECT count() FROM default.gate) > 0)")
        node.ask("INSERT INTO default.gate VALUES (1)")
        failed = is_refused(lambda name=name: node.insert(b'{"x":1}\n', None, f"default.{name}"))
        node.ask("TRUNCATE TABLE default.gate")
        node.insert(b'{"x":1}\n', None, f"default.{name}")
        rows = number(node, f"SELECT count() FROM default.of_{name}")
        tally.that(failed and rows == rows_wanted,
                   f"18.16: a view of a {'Null' if rows_wanted else 'Replicated'} table that failed once has {rows} of 1 row after the retry")


def equal_counts_are_two_batches(tally, server, what):
    before = closes_by_hour(server)
    first, second = batch(100, 2), batch(100, 2, **{"network.peer.address": "10.99.0.1"})
    server.insert(first)
    server.insert(second)
    added = closes_by_hour(server) - before
    server.insert(first)
    again = closes_by_hour(server) - before
    tally.that((added, again) == (200, 200), f"{what}: two batches of equal counts are {added} of 200 closes, and {again} after the first came again")


def dependent_blocks_need_a_setting(tally, chdb):
    """With the profile `ship` it is known (above)."""
    text = (CONF / "clickhouse/users.xml").read_text()
    tally.that("<deduplicate_blocks_in_dependent_materialized_views>1<" in text and "<async_insert>0<" in text,
               "the profile `ship` names what 20 and later must be told")
    lines = batch(10, 3, **{"server.address": "unset"})
    for _ in range(2):
        chdb.insert(lines, deduplicate_blocks_in_dependent_materialized_views=0)
    counted = closes_by_hour(chdb, "unset")
    tally.that(counted == 20, f"26.7: without it 10 closes that come twice are {counted} in the sums")


def window_is_long(tally, cluster):
    node = cluster.nodes[0]
    first = batch(5, 4, **{"server.address": "window"})
    node.insert(first)
    for seed in range(120):  # more than 18.16's own 100
        node.insert(batch(1, 1000 + seed, **{"server.address": "between"}))
    node.insert(first)
    tally.that(closes_by_hour(node, "window") == 5, "18.16: a batch is known again after 120 others")


def new_words_and_keys_are_taken(tally, server, what):
    before = closes_by_hour(server, "new")
    server.insert(batch(3, 5, **{"server.address": "new", "finwait.outcome": "brand_new", "finwait.some.key": "x"}))
    tally.that(closes_by_hour(server, "new") - before == 3, f"{what}: a word and a key of a later version are taken")


def numbers_are_numbers(tally, server, what):
    told = server.ask("SELECT toUInt64(7) AS n FORMAT JSONEachRow", output_format_json_quote_64bit_integers=0)
    tally.that(told == '{"n":7}\n', f"{what}: a 64-bit number is {told.strip()}")


def error_can_follow_a_200(tally, cluster):
    sql = "SELECT number, throwIf(number = 3000000) FROM system.numbers LIMIT 4000000 FORMAT JSONEachRow"
    plain = is_refused(lambda: cluster.nodes[0].ask(sql))
    waited = is_refused(lambda: cluster.nodes[0].ask(sql, wait_end_of_query=1))
    tally.that(not plain and waited.startswith("500"),
               f"18.16: an answer that breaks off is a {'200' if not plain else plain[:3]}, and with wait_end_of_query a {waited[:3]}")


class Liar(Server):
    """Says 200 and, in the middle, that it failed."""

    def __init__(self, place):
        super().__init__(place, "liar")
        self.http, = free_ports(1)

    def command(self):
        return ["python3", "-c", "import http.server as h\nclass H(h.BaseHTTPRequestHandler):\n def do_POST(s):\n  s.send_response(200)\n"
                "  s.end_headers()\n  s.wfile.write(b'Code: 241. DB::Exception: Memory limit exceeded\\n')\n"
                f"h.HTTPServer(('127.0.0.1', {self.http}), H).serve_forever()"]

    def is_up(self):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.http}/", b"", timeout=1).read()
            return True
        except OSError:
            return False


def report_says_what_is_wrong(tally, place, cluster):
    def said(*words, password=PASSWORDS["report"]):
        done = subprocess.run([REPORT, *words], capture_output=True, text=True, env={"FINWAIT_CLICKHOUSE_PASSWORD": password, "PATH": "/usr/bin"})
        return done.returncode, done.stdout, done.stderr
    liar = Liar(place).start()
    url = cluster.nodes[0].url
    cases = {"an error after a 200": (said("--clickhouse", f"http://127.0.0.1:{liar.http}"), "Memory limit exceeded"),
             "a wrong password": (said("--clickhouse", url.replace("//", "//report@"), password="no secret"), "Wrong password"),
             "an engine that is gone": (said("--clickhouse", "http://127.0.0.1:1"), "connect")}
    for node in cluster.shard(2):
        node.stop()
    cases["a shard that is down"] = (said("--clickhouse", url.replace("//", "//report@")), "connect")
    for name, ((status, out, err), text) in cases.items():
        is_one = err.count("\n") == 1 and text.lower() in err.lower() and "secret" not in err and PASSWORDS["report"] not in err
        tally.that(status == 3 and out == "" and is_one, f"{name}: status {status}, {err.strip()[:150]}")


def half_lines_stop_nothing(tally, place, cluster):
    node = cluster.nodes[0]
    refusal = is_refused(lambda: node.insert(batch(2, 6)[:-40] + b"\n" + batch(2, 7)))
    tally.that(refusal.startswith("400") or refusal.startswith("500"), f"18.16: half a line is a {refusal[:3]} for the whole batch")
    whole = [b"{" + line.split(b",", 1)[1] for line in batch(4, 8, **{"server.address": "half"}).splitlines(True)]
    text = whole[0] + whole[1][:100] + b"\n" + whole[2] + whole[1][:100] + whole[3]
    spool = place.root / "half"
    spool.mkdir()
    (spool / "1.log").write_bytes(text)
    taken = ship_spool(spool, "half", [node.url])
    tally.that(taken and closes_by_hour(node, "half") == 3, f"finwait-ship passes over half a line: {closes_by_hour(node, 'half')} of 3 whole ones")
    log = place.root / "half.log"
    log.write_bytes(text.replace(b'"half"', b'"half2"'))
    syslog = SyslogNg(place, "half2", log, [node.url, node.url]).start()
    import httpd
    httpd.wait_until(lambda: closes_by_hour(node, "half2") >= 3, 30)
    broken = syslog.root / "buffer/broken.log"
    httpd.wait_until(broken.exists, 10)
    tally.that(closes_by_hour(node, "half2") == 3 and broken.exists(), f"syslog-ng keeps half a line apart: {closes_by_hour(node, 'half2')} of 3 whole ones")


def other_shippers_parse(tally, chdb):
    try:
        import yaml
    except ImportError:
        return tally.skip("python3-yaml is not there: the other shippers' configurations are not read")
    names = sorted(path.name for path in (CONF / "others").glob("*.yaml"))
    parsed = [yaml.safe_load((CONF / "others" / name).read_text()) for name in names]
    tally.that(len(parsed) == 3 and all(isinstance(one, dict) for one in parsed), f"these are YAML, which is all that is known of them: {', '.join(names)}")
    if chdb:
        chdb.ask("CREATE DATABASE otel")
        chdb.ask("CREATE TABLE otel.finwait_logs (Timestamp DateTime64(9), Body String, ResourceAttributes Map(LowCardinality(String), String)) ENGINE = Null")
        from clickhouse import statements
        for statement in statements((CONF / "others/otel_logs.sql").read_text()):
            chdb.ask(statement)
        body = batch(1, 9, **{"server.address": "otel", "finwait.shared": True}).decode().strip()
        chdb.insert(encoded({"Timestamp": "2026-11-21 10:00:00", "Body": body, "ResourceAttributes": {"host.name": "collected"}}), into="otel.finwait_logs")
        rows = chdb.ask("SELECT host, vhost, shared FROM finwait.closes WHERE vhost = 'otel'").strip()
        tally.that(rows == "collected\totel\t1", f"26.7: otel_logs.sql makes a Record of a Body: {rows}")


def show_works(tally, server, what, url, user):
    line = next(corpus.closes(1, 10))
    server.insert(encoded(line | {"finwait.socket_cookie": "abcdef99", "server.address": "shown"}))
    env = {"PATH": "/usr/bin", "FINWAIT_CLICKHOUSE_PASSWORD": PASSWORDS[user] if user else ""}
    where = url.replace("//", f"//{user}@" if user else "//")
    done = subprocess.run([REPORT, "--clickhouse", where, "show", "abcdef99"], capture_output=True, text=True, env=env)
    none = subprocess.run([REPORT, "--clickhouse", where, "show", "abcdef98"], capture_output=True, text=True, env=env)
    tally.that(done.returncode == 0 and "shown" in done.stdout and none.returncode == 1,
               f"{what}: show tells one connection's story ({len(done.stdout.splitlines())} lines){done.stderr[:200]}")


def doubles_are_found_and_healed(tally, server, what, urls):
    day = "2026-11-22"
    lines = batch(40, 11, **{"@timestamp": f"{day}T10:00:00.000Z", "server.address": "healed"})
    server.insert(lines)
    server.insert(b"".join(lines.splitlines(True)[:10]))  # a batch cut anew
    doubled = closes_by_hour(server, "healed")
    found, healed, clean = (fleet_tool(*words) for words in (("check", day, urls[0]), ("rebuild", day, *urls), ("check", day, urls[0])))
    rows = closes_by_hour(server, "healed")
    tally.that(doubled == 50 and found.returncode == 1 and f"hours: {day} 10:00:00 UTC: 50, and 40" in found.stdout
               and healed.returncode == clean.returncode == 0 and rows == 40,
               f"{what}: 40 closes are {doubled} in the sums, check finds {len(found.stdout.splitlines())} hours, rebuild makes them {rows}"
               f"{found.stderr}{healed.stderr}{clean.stdout}{clean.stderr}")


def old_days_are_dropped(tally, server, what, urls):
    oldest = datetime.date(2016, 1, 1)
    for year in "2015", "2017":
        server.insert(batch(5, 12, **{"@timestamp": f"{year}-06-01T10:00:00.000Z", "server.address": year}))
    days = str((datetime.date.today() - oldest).days)
    done = fleet_tool("keep", days, days, *urls)
    kept = {year: (closes_by_hour(server, year), number(server, f"SELECT count() FROM finwait.closes WHERE vhost = '{year}'")) for year in ("2015", "2017")}
    tally.that(done.returncode == 0 and kept == {"2015": (0, 0), "2017": (5, 5)},
               f"{what}: keep drops {len(done.stdout.splitlines())} partitions of 2015 and none of 2017: {kept}{done.stderr}")


def of_every_engine(tally, server, what, url, user, urls):
    """`urls`: a replica of each shard."""
    equal_counts_are_two_batches(tally, server, what)
    new_words_and_keys_are_taken(tally, server, what)
    numbers_are_numbers(tally, server, what)
    show_works(tally, server, what, url, user)
    doubles_are_found_and_healed(tally, server, what, urls)
    old_days_are_dropped(tally, server, what, urls)


def run(tally, _):
    place = Place()
    try:
        tally.that(subprocess.run([CONF / "clickhouse/make_schema", "--check"]).returncode == 0, "the SQL is what make fleet-schema makes")
        chdb = Chdb(place).start() if place.has_chdb() else None
        if chdb:
            chdb.apply_schema()
            of_every_engine(tally, chdb, "26.7", chdb.url, None, [chdb.url])
            dependent_blocks_need_a_setting(tally, chdb)
        else:
            tally.skip("26.7: t/fleet/unpack could not get it")
        other_shippers_parse(tally, chdb)
        if not place.has_debian():
            return tally.skip("18.16: t/fleet/unpack could not get it")
        cluster = Cluster(place)
        cluster.apply_schema()
        schema_is_on_every_server(tally, cluster)
        of_every_engine(tally, cluster.nodes[0], "18.16", cluster.nodes[0].url, "report",
                        [cluster.shard(shard)[0].url for shard in (1, 2)])
        view_of_a_replicated_source_is_not_completed(tally, cluster)
        window_is_long(tally, cluster)
        error_can_follow_a_200(tally, cluster)
        half_lines_stop_nothing(tally, place, cluster)
        caught_up(cluster)
        report_says_what_is_wrong(tally, place, cluster)
    finally:
        place.stop()
