// SPDX-License-Identifier: Apache-2.0
//
// The kernel's table of TCP sockets in FIN_WAIT_1, FIN_WAIT_2 and CLOSING (sock_diag(7)), in one
// walk: the whole machine's, or the network namespace's. Needs no privilege. Plain calls, no
// library.
#pragma once

#include <functional>
#include <string>

#include "finwait/endpoint.hpp"
#include "finwait/words.hpp"

namespace finwait {

struct KernelSocket {
    Endpoint local;
    Endpoint peer;
    TcpState state = TcpState::unknown;
};

// Shows every such socket to `visit`. "", or why it could not be done: a sentence without its full
// stop. The kernel answers as it is asked; there is nothing to wait for.
[[nodiscard]] std::string visit_closing_sockets(
    const std::function<void(const KernelSocket&)>& visit);

}  // namespace finwait
