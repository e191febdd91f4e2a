# SPDX-License-Identifier: Apache-2.0
"""Clients that do not stop sending: after the close, or while their upload is refused."""

import re
import socket
import time

import load
import measure
import servers
from measure import quantile
from result import Aim, Result, Table

WORKERS = 20
SENDERS = 24
PROBE_TIMEOUT = 2
LOOK = 0.25  # how often the workers that linger are counted
UPLOAD_WORKERS = 5
UPLOADERS = 6  # more than there are workers
UPLOADS = (("10 MB", 10_000_000, 4), ("1 GB", 1_000_000_000, 1))  # and how many times


def senders(size):
    """Senders that have had the reply and go on sending, with at most half a core of CPU time."""
    rows, aims = [], []
    for mpm in servers.MPMS:
        for name in ("stock", "module"):
            found = probed(servers.apache(mpm, name, WORKERS), size(4, 0.3))
            rows.append([f"{mpm}, {name}", *found])
        aims += [Aim(f"{mpm} workers lost", rows[-1][1], 0, at_most=True),
                 Aim(f"{mpm} probe's p99 ms", rows[-1][4], 50, at_most=True)]
    rows.append(["nginx", *probed(servers.Nginx(), size(4, 0.3))])
    return Result([Table("", ["", "workers lost", "probes", "p50 ms", "p99 ms", "unanswered",
                              "MB/s sent"], rows)], aims,
                  [f"{SENDERS} senders, {WORKERS} workers; a probe without an answer within "
                   f"{PROBE_TIMEOUT} s counts as {PROBE_TIMEOUT * 1000} ms. nginx has no workers "
                   "to lose."])


def probed(server, seconds):
    """(workers lost, probes, p50, p99, unanswered, MB/s that the senders got rid of)"""
    try:
        server.start()
        flood = load.misbehave("flood", server, connections=SENDERS, seconds=seconds + 1)
        time.sleep(0.5)
        lost, times, unanswered = [], [], 0
        begin = time.monotonic()
        while (elapsed := time.monotonic() - begin) < seconds:
            if elapsed >= len(lost) * LOOK:
                lost.append(workers_that_linger(server))
            taken = probe(server)
            unanswered += taken is None
            times.append(PROBE_TIMEOUT * 1000 if taken is None else taken)
            time.sleep(0.01)
        sent = load.finish(flood)
    finally:
        server.stop()
    return (int(measure.median_with_interval(lost)[0]), len(times), quantile(times, 0.5),
            quantile(times, 0.99), unanswered, sent["bytes"] / 1e6 / sent["seconds"])


def probe(server):
    begin = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", server.port), PROBE_TIMEOUT) as sock:
            sock.sendall(b"GET /index.html HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            while sock.recv(65536):
                pass
    except OSError:
        return None
    return 1000 * (time.monotonic() - begin)


def workers_that_linger(server):
    """Half-closed sockets that httpd's children still have: on prefork and worker one worker each. On
    event a worker is at it whenever it is readable, and from these senders it always is."""
    if isinstance(server, servers.Nginx):
        return 0
    closer = server.closer_pid()
    lines = measure.lingering(server.port, processes=True)
    owners = [set(map(int, re.findall(r"pid=(\d+)", line))) - {closer} for line in lines]
    return min(WORKERS, sum(map(bool, owners)))


def uploads(size):
    """413 at once; the client sends all of its body, then waits a little, then reads."""
    rows, aims = [], []
    for name, length, times in UPLOADS:
        length, times = size(length, 2_000_000), size(times, 1)
        for what, server in upload_servers():
            try:
                server.start()
                found = [load.finish(load.misbehave("upload", server, connections=UPLOADERS,
                                                    bytes=length)) for _ in range(times)]
            finally:
                server.stop()
            clients, *whole = (sum(one[key] for one in found)
                               for key in ("clients", "whole", "whole_and_sent"))
            shares = [100 * count / clients for count in whole]
            rows.append([f"{name}, {what}", clients, *shares,
                         sum(one["seconds"] for one in found) / len(found)])
            if "module" in what:
                aims += [Aim(f"{name}, {what}: % with the whole reply", shares[0], 100),
                         Aim(f"{name}, {what}: % that also could send all", shares[1], 100)]
    return Result([Table("", ["", "clients", "% with the whole reply", "% that also could send all",
                              "seconds"], rows)], aims,
                  [f"{UPLOADERS} clients at a time, {UPLOAD_WORKERS} workers. Most clients give up at a "
                   "failed send and never read: for them the second share counts."])


def upload_servers():
    for mpm in ("event", "prefork"):
        yield f"{mpm}, stock", servers.apache(mpm, "stock", UPLOAD_WORKERS)
        yield f"{mpm}, module", servers.apache(mpm, "module", UPLOAD_WORKERS)
    yield "nginx", servers.Nginx()
    yield "HAProxy", servers.Haproxy()
