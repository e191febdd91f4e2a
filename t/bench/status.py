# SPDX-License-Identifier: Apache-2.0
"""How long the status page takes with 8,000 sockets draining and 8,000 waiting: page, JSON and
metrics, each asked for a number of times."""

import json
import os
import signal
import time
import urllib.request

import httpd
import load
import servers
from measure import quantile
from result import Result, Table

LOCATION = """\
<Location /finwait-status>
    SetHandler finwait-status
</Location>
FinWaitTimeout 60s
FinWaitDrainTimeout 300s
"""
WAITING = "FinWaitDrainIdleTimeout 100ms\n"
DRAINING = "FinWaitDrainIdleTimeout 300s\n"
PAUSE = 1.1  # the kernel's table is walked once a second: each question here is to walk anew


def ask(apache, query):
    url = f"http://127.0.0.1:{apache.port}/finwait-status{query}"
    begin = time.monotonic()
    with urllib.request.urlopen(url, timeout=5) as reply:
        body = reply.read()
    return 1000 * (time.monotonic() - begin), body


def sockets(apache, owner):
    return json.loads(ask(apache, "?json")[1])["sockets"][owner]["fin_wait_2"]


def set_idle_timeout(apache, directive):
    path = apache.path("httpd.conf")
    path.write_text(path.read_text().replace(WAITING, directive))
    os.kill(apache.pid, signal.SIGUSR1)
    restarted = "resuming normal operations"
    if not httpd.wait_until(lambda: apache.errors().count(restarted) >= 2, 10):
        raise RuntimeError("the graceful restart did not happen")


def run(size):
    count, questions = size(8_000, 50), size(20, 2)
    server = servers.apache("event", True, extra=LOCATION + WAITING)
    try:
        server.start()
        with load.Crowd(server, count):
            httpd.wait_until(lambda: sockets(server, "waiting") >= count, 10)
            set_idle_timeout(server, DRAINING)
            with load.Crowd(server, count):
                httpd.wait_until(lambda: sockets(server, "draining") >= count, 10)
                title = (f"{sockets(server, 'draining'):,} draining, {sockets(server, 'waiting'):,} waiting, "
                         f"{sockets(server, 'unattributed'):,} unattributed in FIN_WAIT_2")
                rows = [[name, *answer_times(server, query, questions)]
                        for name, query in (("page", ""), ("JSON", "?json"), ("metrics", "?metrics"))]
    finally:
        server.stop()
    return Result([Table(title, ["", "median ms", "longest ms"], rows)], [])


def answer_times(server, query, questions):
    times = []
    for _ in range(questions):
        time.sleep(PAUSE)
        times.append(ask(server, query)[0])
    return quantile(times, 0.5), max(times)
