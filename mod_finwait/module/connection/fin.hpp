// SPDX-License-Identifier: Apache-2.0
//
// Our half-close. From it until a message tells of it, or httpd lingers by itself, the socket is on
// its way to a closer, whichever child looks at the kernel's table.
#pragma once

namespace finwait {

struct Connection;

// False if the kernel does not let it: the connection is over.
[[nodiscard]] bool send_fin(Connection& connection, int socket);
void told_of_fin(Connection& connection);

}  // namespace finwait
