// SPDX-License-Identifier: Apache-2.0
//
// What the closer is told about one close: gathered from httpd, from what was remembered of the
// client and from the socket. Asks and decides nothing else.
#pragma once

#include "contract/tcp_socket.hpp"
#include "finwait/handoff.hpp"
#include "module/connection/connection.hpp"

namespace finwait {

// One close, while it is being decided.
struct Closing {
    Connection& connection;
    const ClientSeen& seen;
    const VhostSettings& settings;
    int socket;
    Peek peek;
};

// mod_reqtimeout and event leave this note where a short lingering close is enough.
[[nodiscard]] bool has_short_note(const Closing& closing);

// Our FIN is sent, and of what came before it the client has acknowledged every reply.
[[nodiscard]] bool all_but_goodbye_acknowledged(const Closing& closing);

[[nodiscard]] Cause cause_of(const Closing& closing);

// A Handoff; its texts are views into the connection's memory.
[[nodiscard]] Handoff message_for(const Closing& closing, Cause cause);

}  // namespace finwait
