// SPDX-License-Identifier: Apache-2.0
//
// What a child of the MPM has of ours, and nobody else: the channel's sending ends, the counters of
// children to write, the closers' pages to read.
//
// Whatever forks from httpd's parent begins with nothing of it: a daemon (mod_cgid's, mod_wsgi's,
// a process manager), at whatever time it is started or started again. The parent gives it to a
// child once the MPM has said that this process is one, and the child takes it before its first
// connection. Every fork has a pair of sockets of its own for that.
#pragma once

#include "module/parent/runtime.hpp"

namespace finwait {

// From now on no forked process keeps anything. Parent only.
void protect_from_children(Runtime& runtime);

// The same, when the module is loaded again: other modules fork their daemons before our
// post_config.
void protect_from_children_again();

// Hook: the MPM tells of its children, in the parent.
void on_child_status(server_rec* server, pid_t pid, ap_generation_t generation, int slot,
                     mpm_child_status status);

// In a new child, before its threads. False if nothing came: then each of its closes is declined.
// Waits for the parent, which gives right after the fork, and not for long.
[[nodiscard]] bool take_inheritance(Runtime& runtime);

}  // namespace finwait
