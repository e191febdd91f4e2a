# SPDX-License-Identifier: Apache-2.0
"""The faults: how each begins and ends, and what may be lost by it. docs/internals.md has the rest."""

import closer_faults as closer
import hostile_faults as hostile
import log_faults as log
import server_faults as server
from row import Fault

# A closer that is killed: what it held, and what it was just receiving. Refused uploads that were in its
# hands are cut off.
KILLED = ("lost", "uploads", "half_written")

FAULTS = (
    Fault("closer-kill", "the closer is killed with -9", closer.killed, KILLED, in_soak=True, must="lost"),
    Fault("closer-stop", "the closer is stopped with -STOP, and nobody goes on with it", closer.stopped,
          (*KILLED, "declined channel_full", "declined closer_hangs", "declined no_closer"), seconds=0,
          normal_within=15, longest=20, must="lost"),
    Fault("closer-replaced", "its file becomes another version's, and the old one is killed",
          closer.replaced, KILLED, must="lost"),
    # Killed before it was ready, it is started at the parent's next look, after a second or ten more.
    Fault("closer-crash-loop", "it is killed again and again for five seconds", closer.killed_again_and_again,
          (*KILLED, "declined no_closer"), seconds=0, normal_within=13, in_soak=True, must="lost"),
    Fault("channel-full", "it reads nothing while more closes come than the channel holds",
          closer.not_reading, ("declined channel_full",), seconds=1, must="declined channel_full"),
    Fault("descriptors-few", "900 clients stay, 400 descriptors are allowed", closer.crowded,
          ("shed", "uploads", "declined too_many_descriptors"), prepare=closer.with_few_descriptors, must="shed"),
    Fault("descriptors-gone", "the closer's descriptor limit falls to what it has open",
          closer.without_descriptors, ("bad_messages", "uploads", "shed"), in_soak=True, must="bad_messages"),
    Fault("disk-full", "the log's disk is full", log.disk_full, ("dropped",),
          prepare=log.on_a_small_disk, must="dropped"),
    Fault("disk-frozen", "the log's file system is frozen (fsfreeze)", log.disk_frozen, ("dropped",),
          seconds=5, prepare=log.on_a_loop_device),
    Fault("program-slow", "the log's program takes 10 ms for a line", log.program_slow, ("dropped",),
          prepare=log.with_a_program, normal_within=6, must="dropped"),
    Fault("program-stuck", "the log's program is stopped with -STOP", log.program_stuck, ("dropped",),
          prepare=log.with_a_program, must="dropped"),
    Fault("program-dies", "the log's program is killed, three times", log.program_dies,
          ("read ahead",), prepare=log.with_a_program),
    Fault("netlink-denied", "nobody of httpd's may open a netlink socket", server.no_netlink,
          prepare=server.without_netlink),
    Fault("memory-limit", "the closer may have 1 MB more (cgroup), and 3,000 new names come",
          closer.short_of_memory, KILLED, prepare=closer.with_many_accounts, seconds=1, must="lost"),
    Fault("graceful", "a hundred graceful restarts, one after the other", server.restarted_often, seconds=0,
          against_stock=True),
    Fault("one-connection", "MaxConnectionsPerChild 1", server.nothing_more, seconds=5,
          prepare=server.with_children_of_one_connection, against_stock=True, rate=0.05),
    Fault("clock-set", "the clock is set by hours and days, to and fro", closer.clock_set, seconds=0,
          prepare=closer.with_a_clock, against_stock=True),
    Fault("hostile-child", "a child sends a million mutated messages", hostile.hostile_child,
          ("bad_messages", "shed", "dropped", "declined channel_full", "declined too_many_descriptors"),
          seconds=0, normal_within=6, must="bad_messages"),
    Fault("hostile-hoard", "a child hands over 600 of its own connections, 300 sockets may be held",
          hostile.hoarding_child, ("shed", "uploads"), prepare=hostile.with_room_for_few, must="shed"),
    Fault("hostile-books", "noise is written into the books while the page is read", hostile.hostile_books,
          (*KILLED,), seconds=0),
)

RESTART = Fault("restart", "a graceful restart", server.restarted, in_soak=True)
