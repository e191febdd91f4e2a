// SPDX-License-Identifier: Apache-2.0
//
// What the closer asks a TCP socket and tells it. Nothing here blocks or owns a descriptor; no
// other file knows TCP_INFO or a socket option of TCP.
#pragma once

#include <cstddef>
#include <cstdint>

#include "closer/drain/drain_state.hpp"
#include "closer/follow/sock_diag.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

struct Discarded {
    std::size_t bytes = 0;  // 0 with error 0: the client's FIN
    int error = 0;          // EAGAIN: nothing there now
};

struct EndFacts {
    TcpState state = TcpState::unknown;
    std::uint32_t rtt_us = 0;
    std::uint32_t unacked = 0;      // segments
    std::uint32_t retransmits = 0;  // of the whole connection
    std::uint64_t cookie = 0;
};

// Sets what the kernel itself shall bound, so that it holds even if the closer dies. False if this
// is not a TCP socket.
[[nodiscard]] bool apply_policy(int socket, const Policy& policy);

// Discards up to `bytes_max` received bytes.
// What discard() would give, and leaves it there.
[[nodiscard]] Discarded peek(int socket);
[[nodiscard]] Discarded discard(int socket, std::size_t bytes_max);

// Bytes not acknowledged, our FIN included; 0 in FIN_WAIT_2.
[[nodiscard]] std::uint32_t unacked_bytes(int socket);
[[nodiscard]] AckFacts ack_facts(int socket);
[[nodiscard]] EndFacts end_facts(int socket);

// By what the kernel will find it after close(). Not from the Handoff: httpd may have been told of
// another peer (PROXY protocol).
[[nodiscard]] std::uint64_t cookie_of(int socket);
[[nodiscard]] SocketId socket_id(int socket);

// close() will send RST and forget what was not acknowledged.
void reset_at_close(int socket);

}  // namespace finwait
