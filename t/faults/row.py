# SPDX-License-Identifier: Apache-2.0
"""One row of the table: a private httpd on one MPM, load, the fault, back to normal, the accounts."""

import contextlib
import dataclasses
import time
import typing

import httpd
from clients import Failed, Load
from closer_faults import Skip
from private import LONGEST, Private, Records

WARM_UP = 1  # seconds of load before the fault
SETTLE = 20  # seconds in which, after the load, every close must be accounted for
PROMPT = 1  # seconds until a close's Record, when all is normal
BATCH = 64  # messages that a closer is just receiving when it is killed are booked nowhere
WRITTEN = 128  # Records, of at most 64 KB: one that is killed may have written them and not counted them
READ_AHEAD = 300  # Records that a log program may have read, of a pipe's 64 KB, when it is killed
LOSSES = ("lost", "dropped", "bad_messages", "shed", "half_written")


def nothing(_):
    pass


@dataclasses.dataclass
class Fault:
    name: str
    what: str
    happens: typing.Callable  # a context manager: begins, and ends
    may: tuple = ()  # what may be lost: LOSSES, "declined reason", "uploads", "read ahead"
    must: str = ""  # a counter that shows that it did happen
    seconds: float = 3  # between its begin and its end
    prepare: typing.Callable = nothing  # changes the server that is to be started
    normal_within: float = 3  # seconds after its end
    longest: float = LONGEST
    against_stock: bool = False  # it fails requests of stock Apache too: that many may fail
    rate: float = 1  # of the load
    in_soak: bool = False  # it can befall any server, again and again


@dataclasses.dataclass
class Result:
    fault: Fault
    mpm: str
    clients: dict = dataclasses.field(default_factory=dict)
    stock: dict = None
    counters: dict = dataclasses.field(default_factory=dict)
    seconds: float = None
    longest: float = 0
    wrong: list = dataclasses.field(default_factory=list)
    skipped: str = ""
    errors: str = ""


def probe(server, load, records, number):
    """Whether a close gives a Record at once, and the page says that all is well."""
    name = f"probe-{number}"
    load.close(name)
    return (httpd.wait_until(lambda: f"faults-{name}" in records.read().marks, PROMPT) and
            not server.page.trouble())


def seconds_until_normal(server, load, records, seconds):
    begin, number = time.monotonic(), 0
    while (elapsed := time.monotonic() - begin) < seconds:
        number += 1
        with contextlib.suppress(Failed, OSError):
            if probe(server, load, records, number):
                return elapsed
        time.sleep(0.05)
    return None


def connections(server):
    """That came to their end; once the load has stopped, each is a close."""
    return server.load.counts["connections"] + server.page.closed


def settled(counters, server):
    return (counters and not counters["held"] and not counters["unwritten"] and
            counters["received"] >= counters["sent"] and counters["closes"] >= connections(server))


def settle(server):
    """The counters when all is accounted for, or as they are after SETTLE seconds."""
    seen = [server.page.counters()]

    def look():
        seen.append(server.page.counters() or seen[-1])
        return settled(seen[-1], server)
    httpd.wait_until(look, SETTLE)
    return seen[-1]


def run(fault, mpm):
    result = Result(fault, mpm)
    try:
        if fault.against_stock:
            result.stock = on(Private(mpm, is_stock=True), fault, Result(fault, mpm))
        result.clients = on(Private(mpm), fault, result)
        judge_clients(result)
    except Skip as why:
        result.skipped = str(why)
    except Exception as caught:  # the other rows still run
        result.wrong.append(f"{type(caught).__name__}: {caught}")
    return result


def on(server, fault, result):
    """What the clients got."""
    try:
        fault.prepare(server)
        server.start()
        server.load = Load(server, fault.rate)
        time.sleep(WARM_UP)
        with fault.happens(server):
            time.sleep(fault.seconds)
        if server.is_stock:
            time.sleep(fault.normal_within)
        else:
            account(server, fault, result)
        server.load.stop()
        return {**server.load.counts, "failures": server.load.failures}
    finally:
        if server.load:
            server.load.stop()
        left = server.stop(keep_files=True)
        if left and not server.is_stock:
            result.wrong.append(left)
        result.errors = server.errors()
        server.remove_files()


def account(server, fault, result):
    records = Records(server.log).read()
    result.seconds = seconds_until_normal(server, server.load, records, fault.normal_within + 12)
    server.load.stop()
    result.counters = counters = settle(server)
    result.longest = records.read().longest
    if counters is None:
        return result.wrong.append("the status page does not answer")
    result.wrong += judge(fault, counters, server, records)
    if result.seconds is None or result.seconds > fault.normal_within:
        result.wrong.append(f"not normal within {fault.normal_within:g} s: "
                            f"{server.page.trouble() or 'closes give no Record within a second'}")
    if result.longest > fault.longest:
        result.wrong.append(f"a socket was held for {result.longest:.1f} s, the limits end at {fault.longest:g}")
    if crashes := [line for line in server.errors().splitlines() if "exit signal" in line]:
        result.wrong.append(f"{len(crashes)} children of httpd's crashed")


def judge(fault, counters, server, records):
    """Each close is accounted for once, and nothing was lost that may not be: docs/internals.md."""
    c = counters
    c["untold"] = max(0, c["sent"] + server.hostile_messages - c["received"])
    deaths = sum(map(server.errors().count, ("the closer died", "it hangs, and is killed")))
    if deaths and "lost" not in fault.may:
        yield f"the closer died ({deaths} times)"
    untold = BATCH * deaths
    yield from unequal("closes == handoffs + ended + declined", c["closes"], c["sent"] + c["declined"])
    if server.mpm != "prefork" or c["closes"] < connections(server):  # it connects to itself to wake a child
        yield from unequal("closes == connections of the clients", c["closes"], connections(server))
    # Of a hostile message each socket is a close.
    expected = c["sent"] + server.hostile_messages
    yield from unequal("received == handoffs + ended", c["received"],
                       max(expected, c["received"]) if server.hostile_messages else expected, untold)
    yield from unequal("received == records + tallied + unlogged + dropped + bad_messages + lost + held + "
                       "unwritten", c["received"],
                       sum(c[name] for name in ("records", "tallied", "unlogged", "dropped",
                                                "bad_messages", "lost", "held", "unwritten")))
    if not server.hostile_messages:  # they name several logs, and one close counts for its first
        yield from unequal("records == Records in the log", c["records"], records.lines,
                           WRITTEN * deaths + (READ_AHEAD if "read ahead" in fault.may else 0))
    if c["held"] or c["unwritten"]:
        yield f"{c['held']} sockets held and {c['unwritten']} closes unwritten {SETTLE} s after the load"
    if fault.must and not c[fault.must]:
        yield f"no {fault.must}: what the row is about did not happen"
    for name in LOSSES:
        if c[name] and name not in fault.may:
            yield f"{c[name]} {name}"
    for name in sorted(c):
        if name.startswith("declined ") and name not in fault.may:
            yield f"{c[name]} {name}"
    if records.broken and not {"lost", "read ahead"} & set(fault.may):
        yield f"{records.broken} lines of the log are no JSON"


def unequal(what, left, right, slack=0):
    if abs(left - right) > slack:
        yield f"{what} is not true: {left} and {right}"


def judge_clients(result):
    for what in ("failed", "uploads failed"):
        here, stock = result.clients.get(what, 0), (result.stock or {}).get(what, 0)
        if what == "uploads failed" and "uploads" in result.fault.may:
            here -= sum(result.counters[name] for name in ("lost", "bad_messages", "untold", "shed"))
        if here > stock:
            result.wrong.append(f"{here} {what}" + (f", stock {stock}" if result.stock is not None else "") +
                                "".join(f"\n      {text}" for text in result.clients["failures"]))
