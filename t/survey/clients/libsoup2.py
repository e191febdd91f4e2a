# SPDX-License-Identifier: Apache-2.0
# client: libsoup 2 GLib loop
# kind: library
# debian: libsoup2.4-1 gir1.2-soup-2.4 python3-gi glib-networking
import sys

import gi
gi.require_version("Soup", "2.4")
from gi.repository import GLib, Soup

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
session = Soup.Session()
left = times


def fetch():
    message = Soup.Message.new("GET", url)
    if size:
        session.send_async(message, None, read_half)
    else:
        session.queue_message(message, go_on)


def go_on(session, message):
    global left
    left -= 1
    if left:
        fetch()


def read_half(session, result):
    global stream
    stream = session.send_finish(result)
    stream.read_bytes(1)
    for _ in range(size // 65536):
        stream.read_bytes(65536)


fetch()
GLib.MainLoop().run()
