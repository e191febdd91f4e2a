# SPDX-License-Identifier: Apache-2.0
"""What the Records of both runs say of each client, and the rows of conf/clients.csv made of it."""

import datetime
import json
import re

from cells import read_records
from root import STATE, version_of
from server import CELLS, PROTOCOLS, SITUATIONS

PROTOCOL_NAMES = {"http1": "HTTP/1.1", "tls": "HTTP/1.1 in TLS", "h2": "HTTP/2"}
SOURCE = "t/survey/clients/"

# What an outcome comes to for the server. `late`: after the ten seconds that it drains.
VERDICTS = {"client_first": "closes", "fin": "closes", "late_fin": "late", "timeout": "stuck"}


def cost(record):
    return record["finwait.fin_wait_2_ms"], record["finwait.requests"]


def is_stuck(record):
    """As finwait-report has it."""
    return (record["finwait.drain"] in ("idle_timeout", "deadline")
            and record["network.connection.state"] == "fin_wait_2" and record["finwait.probe"] != "silent")


def verdict(record):
    if record["finwait.outcome"] == "reset":
        return "late" if is_stuck(record) else "closes"
    return VERDICTS.get(record["finwait.outcome"], record["finwait.outcome"])


def speaks_h2(record):
    return record["network.protocol.version"] == "2"


class Results:
    """One run's. Of a cell's Records the one counts that cost most: its other connections were shorter."""

    def __init__(self, number):
        folder = STATE / f"run-{number}"
        self.cells = json.loads((folder / "cells.json").read_text())
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


def stuck_situations(client, protocol, results):
    """Those in which it kept its connection in every run."""
    found = {situation: [result.record(client, protocol, situation) for result in results]
             for situation in SITUATIONS}
    return {situation for situation, records in found.items()
            if all(record and is_stuck(record) for record in records)}


def merged(records):
    """(outcome, ms) of a cell in both runs: `varies` if they come to different verdicts."""
    records = [record for record in records if record]
    if not records:
        return "", ""
    worst = max(records, key=cost)
    same = len({verdict(record) for record in records}) == 1
    return (worst["finwait.outcome"] if same else "varies"), str(worst["finwait.fin_wait_2_ms"])


def rows_of(client, results, remedy):
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
               "version": version.group() if version else "?", "user_agent": "" if client.kind == "proxy" else seen["user_agent.original"],
               "pattern": client.head.get("pattern", ""), "seen": str(datetime.date.today()),
               "cause": seen["finwait.cause"]}
        row["outcome"], row["fin_wait_2_ms"] = merged(found["one"])
        for situation in ("ten", "half"):
            row[situation], row[f"{situation}_ms"] = merged(found[situation])
        idle = [record for situation in ("one", "ten") for record in found[situation] if record]
        row["probe"] = max(idle, key=cost)["finwait.probe"] if idle else ""
        row["remedy"], row["source"] = remedy, SOURCE + client.file.name
        rows.append(row)
    return rows


def remedy_of(client, results):
    """The mildest that helps: nokeepalive does on HTTP/1.1, where the client is a library, whose connection
    the program has forgotten; on HTTP/2 httpd ignores it."""
    if not client.head.get("pattern"):
        return ""
    stuck = {protocol for protocol in PROTOCOLS if stuck_situations(client, protocol, results) - {"half"}}
    if not stuck:
        return ""
    return "finwait-timeout=1s" if stuck == {"h2"} or "pauses" in client.head else \
        "nokeepalive finwait-timeout=1s"
