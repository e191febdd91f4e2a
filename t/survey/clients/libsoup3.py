# SPDX-License-Identifier: Apache-2.0
# client: libsoup 3 GLib loop
# kind: library
# debian: libsoup-3.0-0 gir1.2-soup-3.0 python3-gi glib-networking
import sys

import gi
gi.require_version("Soup", "3.0")
from gi.repository import GLib, Soup

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
session = Soup.Session()
left = times


def fetch():
    message = Soup.Message.new("GET", url)
    if size:
        session.send_async(message, 0, None, read_half)
    else:
        session.send_and_read_async(message, 0, None, go_on)


def go_on(session, result):
    global left
    session.send_and_read_finish(result)
    left -= 1
    if left:
        fetch()


def read_half(session, result):
    global stream
    stream = session.send_finish(result)
    for _ in range(size // 65536):
        stream.read_bytes(65536)


fetch()
GLib.MainLoop().run()
