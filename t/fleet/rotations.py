# SPDX-License-Identifier: Apache-2.0
"""A real Apache under load whose log is rotated as logrotate does it: renamed, then a graceful restart. Each close is at the engine, once."""

import os
import signal
import socket
import threading

import httpd
from parts import number
from shippers import SyslogNg

ROTATIONS, CLIENTS, SECONDS_MAX = 3, 4, 60
AGENT = "rotated/1.0"
CONFIG = """\
FinWaitLog "{root}/finwait.log"
"""


class Client(threading.Thread):
    """One close after the other."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.closes, self.error, self.ended = port, 0, None, threading.Event()
        self.start()

    def run(self):
        try:
            while not self.ended.is_set():
                with socket.create_connection(("127.0.0.1", self.port), SECONDS_MAX) as connection:
                    connection.sendall(f"GET / HTTP/1.1\r\nHost: rotated\r\nUser-Agent: {AGENT}\r\nConnection: close\r\n\r\n".encode())
                    while connection.recv(65536):
                        pass
                self.closes += 1
        except OSError as error:
            self.error = error

    def stop(self):
        self.ended.set()
        self.join()
        if self.error:
            raise self.error


def kept(node, rows="closes FINAL"):
    return number(node, f"SELECT count() FROM finwait.{rows} WHERE user_agent = '{AGENT}'")


def closes_of(clients):
    return sum(client.closes for client in clients)


def rotate(apache, log, rotation, node, clients):
    """The next one comes when syslog-ng reads the new file: one that is renamed before it was ever read is not found again. What
    went to the old one is less than what is closed by now, or being closed."""
    log.rename(f"{log}.{rotation}")
    os.kill(apache.pid, signal.SIGUSR1)
    if not httpd.wait_until(lambda: log.exists() and log.stat().st_size > 0, SECONDS_MAX):
        raise RuntimeError(f"httpd opened no new log:\n{apache.errors()}")
    of_old = closes_of(clients) + CLIENTS
    if not httpd.wait_until(lambda: kept(node) > of_old, SECONDS_MAX):
        raise RuntimeError(f"{kept(node):,} closes came of {of_old:,}")


def run(tally, place, cluster):
    apache = httpd.Apache("event", finwait=True)
    apache.extra += CONFIG.format(root=apache.root)
    node, log = cluster.shard(1)[0], apache.path("finwait.log")
    try:
        apache.start()
        SyslogNg(place, "web-rotated", log, [one.url for one in cluster.shard(1)]).start()
        clients = [Client(apache.port) for _ in range(CLIENTS)]
        for rotation in range(ROTATIONS):
            httpd.wait_until(lambda: kept(node) > 100 * rotation, SECONDS_MAX)
            rotate(apache, log, rotation, node, clients)
        for client in clients:
            client.stop()
        closes = closes_of(clients)
        httpd.wait_until(lambda: kept(node) >= closes, SECONDS_MAX)
        rows, once = kept(node, "closes"), kept(node)
        tally.that(rows == once == closes, f"an Apache, {ROTATIONS} rotations and graceful restarts under load: {closes:,} closes, "
                   f"{once:,} kept, {closes - once:,} lost, {rows - once:,} rows twice")
    finally:
        apache.stop()
