# SPDX-License-Identifier: Apache-2.0
"""What the parts of t/fleet/check have in common: statements that hold or not, each printed with its figures."""

import json
import os
import subprocess
import time

import httpd
from servers import PASSWORDS, ask

REPORT = httpd.OUT / "finwait-report"


class Tally:
    """Counts as t/check does."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def that(self, holds, sentence):
        self.passed += bool(holds)
        self.failed += not holds
        print(f"{'ok    ' if holds else 'FAILED'} {sentence}", flush=True)

    def skip(self, sentence):
        self.skipped += 1
        print(f"skipped {sentence}", flush=True)

    def line(self):
        return f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else "")


def encoded(line):
    return (json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def report(*words, url=None, user="report"):
    """Its --json, or None after its complaint; and the seconds it took."""
    if url:
        words = ("--clickhouse", url.replace("://", f"://{user}@" if user else "://"), *words)
    begun = time.monotonic()
    done = subprocess.run([REPORT, "--json", "--no-progress", *words], capture_output=True, text=True,
                          env=os.environ | ({"FINWAIT_CLICKHOUSE_PASSWORD": PASSWORDS[user]} if url and user else {}))
    seconds = time.monotonic() - begun
    if done.returncode != 0:
        print(f"finwait-report: status {done.returncode}: {done.stderr[:500]}", flush=True)
        return None, seconds
    return json.loads(done.stdout), seconds


def number(server, sql):
    return int(server.ask(sql).strip() or 0)


def fleet_tool(*words):
    """finwait-fleet as the user `default`, who has no password here."""
    from servers import CONF
    return subprocess.run([CONF / "clickhouse/finwait-fleet", *words], capture_output=True, text=True)


def load(log, node_of, batch=50_000):
    """Lines of a log to the server that `node_of(line)` says, in batches; seconds."""
    begun, waiting = time.monotonic(), {}
    with open(log, "rb") as lines:
        for line in lines:
            node = node_of(line)
            waiting.setdefault(node, []).append(line)
            if len(waiting[node]) == batch:
                node.insert(b"".join(waiting.pop(node)))
    for node, rest in waiting.items():
        node.insert(b"".join(rest))
    return time.monotonic() - begun


def caught_up(cluster, table="closes_local", of_row="cityHash64(*)", seconds=60):
    """Whether the replicas of each shard have the same; they are told of parts, and fetch them."""
    def same():
        return all(len({node.ask(f"SELECT count(), sum({of_row}) FROM finwait.{table}") for node in cluster.shard(shard)}) == 1
                   for shard in (1, 2))
    return httpd.wait_until(same, seconds)


__all__ = ["Tally", "ask", "caught_up", "encoded", "fleet_tool", "load", "number", "report"]
