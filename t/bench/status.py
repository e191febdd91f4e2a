# SPDX-License-Identifier: Apache-2.0
"""How long the status page takes with 8,000 sockets draining and 8,000 waiting, and with the closer
stopped: page, JSON, metrics and mod_status' page, each asked for a number of times, and the page also by
somebody who has not looked for a while."""

import contextlib
import json
import os
import signal
import time
import urllib.request

import beside
import httpd
import load
import servers
from result import Aim, Result, Table

PAGE = "/finwait-status"
KINDS = {"page": PAGE, "JSON": "/finwait-status?json", "metrics": "/finwait-status?metrics",
         "server-status": "/server-status"}
LOCATION = """\
LoadModule status_module "{modules}/mod_status.so"
<Location /finwait-status>
    SetHandler finwait-status
</Location>
<Location /server-status>
    SetHandler server-status
</Location>
FinWaitTimeout {timeout}
FinWaitDrainTimeout 300s
"""
WAITING = "FinWaitDrainIdleTimeout 100ms\n"
DRAINING = "FinWaitDrainIdleTimeout 300s\n"
# The kernel's table is walked at most once a second, after an answer, for the next: here each answer has
# the walk that was made after the one before. Who looks first in five seconds waits for a walk.
PAUSE = 1.1
FIRST, FIRST_PAUSE = "page, first look", 5.1
LIMIT_MS = 50
OF_0_1 = {"draining": "held", "waiting": "followed"}


def run(size):
    count, questions = size(8_000, 50), size(10, 1)
    with servers.running({name: server_of(name) for name in servers.BUILDS}) as up, \
            contextlib.ExitStack() as stack:
        crowds = []
        for owner, directive in (("waiting", WAITING), ("draining", DRAINING)):
            for name, server in up.items():
                if directive != WAITING:
                    set_idle_timeout(server, directive)
                beside.wait_for_room(count)
                crowds.append((name, stack.enter_context(load.Crowd(server, count))))
                if not httpd.wait_until(lambda: sockets(server, owner) >= count, 30):
                    raise RuntimeError(f"only {sockets(server, owner)} of {count} are {owner}")
        title = ", ".join(f"{sockets(up['module'], owner):,} {owner}"
                          for owner in ("draining", "waiting", "unattributed")) + " in FIN_WAIT_2"
        tables = [table_of(title, asked := answers(up, questions))]
        for name, crowd in crowds:
            if name != "module":
                crowd.leave()
        with stopped(up["module"].closer_pid()):
            alone = answers({"module": up["module"]}, questions)
            trouble = json.loads(ask(up["module"], KINDS["JSON"])[1])["trouble"]
        tables.append(table_of("The closer stopped (SIGSTOP)", alone))
    aims = [Aim(f"closer stopped: {kind}, longest ms", max(ms for ms, in found["module"]), LIMIT_MS,
                at_most=True) for kind, found in alone.items()]
    for kind, found in asked.items():
        if kind == FIRST:
            continue
        aims += beside.aims(f"{kind} ms", found, 0)
    return Result(tables, aims, [f"What the page says of the stopped closer: {trouble}"])


def server_of(name):
    timeout = "10mi" if name == "module" else "60s"  # 0.1 took no more
    return servers.apache("event", name, extra=WAITING + LOCATION.format(
        modules=httpd.MODULES, timeout=timeout))


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        # httpd's parent ends one that hangs.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def ask(apache, path):
    """(milliseconds, body)"""
    begin = time.monotonic()
    with urllib.request.urlopen(f"http://127.0.0.1:{apache.port}{path}", timeout=5) as reply:
        body = reply.read()
    return 1000 * (time.monotonic() - begin), body


def sockets(apache, owner):
    found = json.loads(ask(apache, KINDS["JSON"])[1])["sockets"]
    return (found.get(owner) or found[OF_0_1[owner]])["fin_wait_2"]


def set_idle_timeout(apache, directive):
    path = apache.path("httpd.conf")
    path.write_text(path.read_text().replace(WAITING, directive))
    os.kill(apache.pid, signal.SIGUSR1)
    restarted = "resuming normal operations"
    if not httpd.wait_until(lambda: apache.errors().count(restarted) >= 2, 10):
        raise RuntimeError("the graceful restart did not happen")


def answers(up, questions):
    """{kind: {build: [(milliseconds,), ...]}}"""
    found = {kind: {name: [] for name in up} for kind in [FIRST, *KINDS]}
    for turn in range(questions):
        for kind, path, pause in [(FIRST, PAGE, FIRST_PAUSE), *((*kind, PAUSE) for kind in KINDS.items())]:
            time.sleep(pause)
            for name in beside.order(turn):
                if name in up:
                    found[kind][name].append((ask(up[name], path)[0],))
                    time.sleep(0.1)  # what is done after the answer
    return found


def table_of(title, found):
    rows = []
    for kind, of_builds in found.items():
        rows += [[*row, max(row[1].values)] for row in beside.rows(f"{kind}, ", of_builds, (1,))]
    return Table(title, ["", "median ms", "longest"], rows)
