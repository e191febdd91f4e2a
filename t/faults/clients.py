# SPDX-License-Identifier: Apache-2.0
"""Clients of a bounded rate, good ones, whose replies are checked to the last byte, and bad ones, which
stay after the server's FIN."""

import collections
import contextlib
import re
import socket
import threading
import time

BODY = b"x" * 20_000
UPLOAD = 300_000  # bytes; more than UPLOAD_MAX
UPLOAD_PARTS = 6
UPLOAD_MAX = 100_000
PATIENCE = 10  # seconds without a byte, after which a good client calls it a failure
STAYS = 15  # seconds that a bad client stays
IDLES = 5  # seconds that an idle one waits for the server's FIN
FAILURES_KEPT = 5
REQUESTS_PER_CONNECTION = 5
LONG_NAME = "burst" + 450 * "-"

# (what, threads, of each so many a second): some 180 requests a second together
KINDS = (("close", 6, 15), ("keep_alive", 4, 3), ("upload", 2, 3), ("idle", 3, 0.5), ("stay", 2, 5))


class Failed(Exception):
    pass


class Unanswered(Failed):
    """The connection ended before a byte of the reply came."""


def receive(sock, reply):
    try:
        got = sock.recv(65536)
    except TimeoutError:
        raise Failed(f"{PATIENCE} s without a byte, after {len(reply)} bytes") from None
    except OSError as caught:
        raise (Failed if reply else Unanswered)(f"{caught.strerror} after {len(reply)} bytes") from None
    return got


def read_reply(sock, status, expected):
    """The whole reply, or Failed. Whether the server will close the connection."""
    reply, length, head = b"", None, -1
    while head < 0 or length is None or len(reply) < head + length:
        got = receive(sock, reply)
        reply += got
        if not got and head >= 0 and length is None and reply.rstrip().endswith(b"</html>"):
            return True
        if not got:
            raise (Failed if reply else Unanswered)(f"the connection ended after {len(reply)} bytes")
        if head < 0 and (end := reply.find(b"\r\n\r\n")) >= 0:
            head = end + 4
            found = re.search(rb"\r\nContent-Length: (\d+)\r\n", reply[:head], re.I)
            length = int(found[1]) if found else None
    if not reply.startswith(b"HTTP/1.1 %d " % status) or expected not in (None, reply[head:]):
        raise Failed(f"another reply: {reply[:60]!r}, {len(reply) - head} of {length} bytes")
    return b"\r\nConnection: close\r\n" in reply[:head]


def read_to_fin(sock):
    with contextlib.suppress(ConnectionError):  # the reply is whole
        while sock.recv(65536):
            pass


class Load:
    """Runs until stop(). `rate`: a factor."""

    def __init__(self, server, rate=1):
        self.server = server
        self.counts = collections.Counter()
        self.failures = []
        self.staying = collections.deque()
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.threads = [
            threading.Thread(target=self.repeat, args=(kind, number / threads, per_second * rate),
                             daemon=True)
            for kind, threads, per_second in KINDS for number in range(threads)]
        for thread in self.threads:
            thread.start()

    def count(self, what, by=1):
        with self.lock:
            self.counts[what] += by

    def failed(self, kind, caught):
        with self.lock:
            self.counts["uploads failed" if kind == "upload" else "failed"] += 1
            if len(self.failures) < FAILURES_KEPT:
                self.failures.append(f"{time.strftime('%T')} {kind}: {caught}")

    def repeat(self, kind, offset, per_second):
        due = time.monotonic() + offset / per_second
        while not self.over.wait(max(0, due - time.monotonic())):
            due = max(due + 1 / per_second, time.monotonic())
            try:
                getattr(self, kind)()
            except (Failed, OSError) as caught:
                self.failed(kind, caught)
            self.dismiss(time.monotonic() - STAYS)

    def dismiss(self, since):
        """Ends those bad clients that have stayed since then."""
        while self.staying:
            try:
                began, sock = self.staying.popleft()
            except IndexError:
                return
            if began > since:
                return self.staying.appendleft((began, sock))
            sock.close()

    def connected(self):
        sock = socket.create_connection(("127.0.0.1", self.server.port), PATIENCE)
        self.count("connections")
        return sock

    def ask(self, sock, name, *headers, method="GET"):
        lines = [f"{method} /index.html HTTP/1.1", "Host: localhost", f"User-Agent: faults-{name}",
                 *headers, "", ""]
        try:
            sock.sendall("\r\n".join(lines).encode())
        except OSError as caught:
            raise Unanswered(f"{caught.strerror} at the request") from None

    def close(self, name="close"):
        with self.connected() as sock:
            self.ask(sock, name, "Connection: close")
            read_reply(sock, 200, BODY)
            self.count("requests")
            read_to_fin(sock)

    def keep_alive(self):
        """As a browser does: what a connection that was used before leaves unanswered is asked again."""
        sock, used = self.connected(), False
        try:
            for _ in range(REQUESTS_PER_CONNECTION):
                try:
                    self.ask(sock, "keep-alive")
                    closes = read_reply(sock, 200, BODY)
                except Unanswered:
                    if not used:
                        raise
                    self.count("again")
                    sock.close()
                    sock = self.connected()
                    self.ask(sock, "keep-alive")
                    closes = read_reply(sock, 200, BODY)
                self.count("requests")
                if closes:
                    return read_to_fin(sock)
                used = True
                self.over.wait(0.02)
        finally:
            sock.close()

    def idle(self):
        with self.connected() as sock:
            self.ask(sock, "idle")
            read_reply(sock, 200, BODY)
            self.count("requests")
            sock.settimeout(IDLES)
            with contextlib.suppress(TimeoutError):
                read_to_fin(sock)

    def upload(self):
        """Refused at its head. Most clients read no reply if they could not send all of the body."""
        self.count("uploads")
        with self.connected() as sock:
            self.ask(sock, "upload", f"Content-Length: {UPLOAD}", method="POST")
            for part in range(UPLOAD_PARTS):
                try:
                    sock.sendall(bytes(UPLOAD // UPLOAD_PARTS))
                except OSError as caught:
                    raise Failed(f"{caught.strerror} in part {part} of the body") from None
                time.sleep(0.02)
            read_reply(sock, 413, None)

    def stay(self):
        sock = self.connected()
        try:
            self.ask(sock, "stay", "Connection: close")
            read_reply(sock, 200, BODY)
            self.count("requests")
            read_to_fin(sock)
        finally:
            self.staying.append((time.monotonic(), sock))

    def burst(self, requests, user_agents=False):
        """So many closes, one after the other, as fast as they go, with long names, or each with its own."""
        for number in range(requests):
            if self.over.is_set():
                return
            try:
                self.close(f"burst-{number}" if user_agents else LONG_NAME)
            except (Failed, OSError) as caught:
                self.failed("burst", caught)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        self.dismiss(time.monotonic())
