# SPDX-License-Identifier: Apache-2.0
"""Attackers inside: a child of httpd's that sends what it likes, and books full of noise."""

import contextlib
import json
import os
import random
import subprocess
import threading

import httpd
from private import program

MESSAGES = int(os.environ.get("MESSAGES", 1_000_000))
SEED = int(os.environ.get("SEED", 1))


def hostile_command(server, *arguments):
    closer = server.await_closer()
    child = next(pid for pid in httpd.children_of(server.pid) if pid != closer)
    return [str(word) for word in (program("hostile-child"), child, *arguments)]


@contextlib.contextmanager
def hostile_child(server):
    done = subprocess.run(hostile_command(server, MESSAGES, SEED), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"hostile-child: {done.stderr}")
    server.hostile_messages += json.loads(done.stdout)["sent"]
    yield


HELD_MAX = 300


def with_room_for_few(server):
    server.config += f"FinWaitMaxHeld {HELD_MAX}\n"


@contextlib.contextmanager
def hoarding_child(server):
    """One that hands over twice as many of its own connections as may be held."""
    with subprocess.Popen(hostile_command(server, 2 * HELD_MAX), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as hoarder:
        server.hostile_messages += json.loads(hoarder.stdout.readline())["sent"]
        yield
        hoarder.stdin.close()


def books_of(server):
    folder = f"/proc/{server.pid}/fd"
    for name in os.listdir(folder):
        if os.readlink(f"{folder}/{name}").startswith("/memfd:finwait-books"):
            return os.open(f"{folder}/{name}", os.O_RDWR)
    raise RuntimeError("httpd's parent has no books")


HEADER = 64  # bytes, which only httpd's parent has ever written


def written_extents(books):
    end, size = 0, os.fstat(books).st_size
    while end < size:
        try:
            begin = os.lseek(books, end, os.SEEK_DATA)
        except OSError:
            return
        end = os.lseek(books, begin, os.SEEK_HOLE)
        yield max(begin, HEADER), end


def spoil(books, noise):
    """A few bytes anywhere in what was ever written of the books."""
    extents = list(written_extents(books))
    for begin, end in noise.choices(extents, [end - begin for begin, end in extents], k=50):
        at = noise.randrange(begin, end)
        os.pwrite(books, noise.choice((noise.randbytes(noise.randint(1, 16)), b"\xff" * 8, bytes(8))), at)


@contextlib.contextmanager
def hostile_books(server):
    """Written to while the page is read in each of its forms."""
    books, noise, over = books_of(server), random.Random(SEED), threading.Event()

    def go_on():
        while not over.wait(0.005):
            spoil(books, noise)

    writer = threading.Thread(target=go_on, daemon=True)
    writer.start()
    try:
        for _ in range(60):
            for query, end in (("", "</html>\n"), ("?json", "}\n"), ("?metrics", "\n")):
                text = server.page.get(query)
                if text is None or not text.endswith(end):
                    raise RuntimeError(f"the page with {query or 'nothing'} ended with {text and text[-60:]!r}")
    finally:
        over.set()
        writer.join()
        os.close(books)
    yield
