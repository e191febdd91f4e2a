# SPDX-License-Identifier: Apache-2.0
"""What the Records of both runs say of each client, and the rows of conf/clients.csv made of it."""

import json
import re

from cells import read_records
from root import STATE, version_of
from server import CELLS, PROTOCOLS, SITUATIONS

PROTOCOL_NAMES = {"http1": "HTTP/1.1", "tls": "HTTP/1.1 in TLS", "h2": "HTTP/2"}
SOURCE = "t/survey/clients/"

# What an outcome comes to for the server. `late`: after the ten seconds that it drains.
VERDICTS = {"client_first": "closes", "fin": "closes", "late_fin": "late", "timeout": "stuck"}


def outlasted_drain(record):
    return record["finwait.drain"] in ("idle_timeout", "deadline")


def cost(record):
    return outlasted_drain(record), record["finwait.fin_wait_2_ms"], record["finwait.requests"]


def is_stuck(record):
    """As finwait-report has it."""
    return (outlasted_drain(record) and record["network.connection.state"] == "fin_wait_2"
            and record["finwait.probe"] != "silent")


def outcome(record):
    """Who has not taken our FIN in these ten seconds keeps it, whatever the kernel makes of it a minute later."""
    if outlasted_drain(record) and record["network.connection.state"] == "fin_wait_1":
        return "unacked"
    return record["finwait.outcome"]


def verdict(record):
    if outcome(record) == "reset":
        return "late" if is_stuck(record) else "closes"
    return VERDICTS.get(outcome(record), outcome(record))


def speaks_h2(record):
    return record["network.protocol.version"] == "2"


class Results:
    """One run's. Of a cell's Records the one counts that cost most: its other connections were shorter."""

    def __init__(self, number):
        folder = STATE / f"run-{number}"
        path = folder / "cells.json"
        self.cells = json.loads(path.read_text()) if path.exists() else {}
        self.logs = sorted(folder.glob("finwait-*.log"))
        by_address = {}
        for log in self.logs:
            for record in read_records(log.read_text().splitlines()):
                if record["finwait.requests"]:
                    key = log.name, record["network.local.address"]
                    by_address[key] = max(by_address.get(key, record), record, key=cost)
        self.records = {name: by_address.get((cell["log"], cell["address"]))
                        for name, cell in self.cells.items() if "done" in cell}

    def record(self, client, protocol, situation):
        record = self.records.get(f"{client.slug}-{protocol}-{situation}")
        return None if record and protocol == "h2" and not speaks_h2(record) else record

    def why_not(self, client, protocol, situation):
        cell = self.cells.get(f"{client.slug}-{protocol}-{situation}", {})
        return cell.get("cannot") or cell.get("failed") or ""

    def verdicts(self, client):
        """{(protocol, situation): verdict}, of what there is."""
        found = {cell: self.record(client, *cell) for cell in CELLS}
        return {cell: verdict(record) for cell, record in found.items() if record}


def ends_stuck(client, protocol, situation, results):
    """{whether it kept its connection}, in all runs; at the port of HTTP/2 whatever it spoke there."""
    records = [result.records.get(f"{client.slug}-{protocol}-{situation}") for result in results]
    return {is_stuck(record) for record in records if record}


def is_stuck_idle(client, protocol, results):
    return any(all(record and is_stuck(record) for record in
                   [result.record(client, protocol, situation) for result in results])
               for situation in ("one", "ten"))


def merged(records):
    """(outcome, ms) of a cell in both runs: `varies` if they come to different verdicts."""
    records = [record for record in records if record]
    if not records:
        return "", ""
    worst = max(records, key=cost)
    same = len({verdict(record) for record in records}) == 1
    return (outcome(worst) if same else "varies"), str(worst["finwait.fin_wait_2_ms"])


def end_at_goaway(client, results):
    """Whether it closed when it had been sent GOAWAY and nothing else, in runs under GOAWAY_ALONE; "" of who had
    closed before that."""
    records = [record for result in results if (record := result.record(client, "h2", "one"))
               and record["finwait.cause"] == "keepalive_timeout"]
    ends = {"closes" if record["finwait.drain"] == "none" else "stays" for record in records}  # before our FIN
    return "varies" if len(ends) > 1 else "".join(ends)


def remedy_of(client, protocol, results):
    """The mildest that helps. A library's program has forgotten its connection, so it loses least without
    keep-alive, which on HTTP/2 nobody can forbid; who may come back to it is only waited for less."""
    if not client.head.get("pattern") or not is_stuck_idle(client, protocol, results):
        return ""
    words = "nokeepalive " if client.kind == "library" and protocol != "h2" else ""
    return words + "finwait-timeout=1s"


def rows_of(client, results, goaway_results):
    """One for each protocol that it speaks."""
    version = re.search(r"\d+(\.\d+)+|\d+", version_of(client))
    rows = []
    for protocol in PROTOCOLS:
        found = {situation: [result.record(client, protocol, situation) for result in results]
                 for situation in SITUATIONS}
        records = [record for pair in found.values() for record in pair if record]
        if not records:
            continue
        seen = next(record for record in records)
        row = {"client": client.name, "kind": client.kind, "protocol": PROTOCOL_NAMES[protocol],
               "version": version.group() if version else "?",
               # A proxy passes on its user's.
               "user_agent": "" if client.kind == "proxy" else seen["user_agent.original"],
               "pattern": client.head.get("pattern", ""), "seen": seen["@timestamp"][:10],
               "cause": seen["finwait.cause"]}
        row["outcome"], row["fin_wait_2_ms"] = merged(found["one"])
        for situation in ("ten", "half"):
            row[situation], row[f"{situation}_ms"] = merged(found[situation])
        row["goaway"] = end_at_goaway(client, goaway_results) if protocol == "h2" else ""
        idle = [record for situation in ("one", "ten") for record in found[situation] if record]
        row["probe"] = max(idle, key=cost)["finwait.probe"] if idle else ""
        row["remedy"], row["source"] = remedy_of(client, protocol, results), SOURCE + client.file.name
        rows.append(row)
    return rows
