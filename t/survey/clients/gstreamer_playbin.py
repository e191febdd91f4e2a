# SPDX-License-Identifier: Apache-2.0
# client: GStreamer playbin
# kind: program
# debian: gstreamer1.0-plugins-good gstreamer1.0-plugins-base gir1.2-gstreamer-1.0 python3-gi libsoup-3.0-0 glib-networking
# pattern: ^GStreamer souphttpsrc
import sys

import gi
gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst

base, times, size = sys.argv[1].rsplit("/", 1)[0], int(sys.argv[2]), int(sys.argv[3])
is_http_2 = base.startswith("https:") and not base.endswith(":8443")  # the survey's ports
if size and is_http_2:
    print("over HTTP/2 its libsoup takes the whole reply into memory, paused or not")
    sys.exit(77)
Gst.init(None)
player = Gst.ElementFactory.make("playbin")
player.set_property("audio-sink", Gst.ElementFactory.make("fakesink"))
player.set_property("uri", base + ("/long.wav" if size else "/short.wav"))
left = times


def at_end(bus, message):
    global left
    player.set_state(Gst.State.READY)
    left -= 1
    if left:
        player.set_state(Gst.State.PLAYING)


bus = player.get_bus()
bus.add_signal_watch()
bus.connect("message::eos", at_end)
player.set_state(Gst.State.PAUSED if size else Gst.State.PLAYING)
GLib.MainLoop().run()
