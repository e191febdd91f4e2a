// SPDX-License-Identifier: Apache-2.0
//
// What the closer asks a TCP socket and tells it. Nothing here blocks or owns a descriptor; no
// other file knows TCP_INFO or a socket option of TCP.
#pragma once

#include <cstddef>
#include <cstdint>

#include "closer/drain/drain_state.hpp"
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
    AckFacts acks;  // but for unacked_bytes
};

// Sets what the kernel itself shall bound, so that it holds even if the closer dies: TCP_LINGER2 is
// in seconds, and the kernel takes 120 of them at most (net/ipv4/tcp.c, do_tcp_setsockopt). False
// if this is not a TCP socket.
[[nodiscard]] bool apply_policy(int socket, const Policy& policy);

// FinWaitTimeout of this socket: net.ipv4.tcp_fin_timeout of its network namespace where the Policy
// leaves it to the kernel. Before apply_policy().
[[nodiscard]] std::uint32_t wait_timeout_ms(int socket, const Policy& policy);

// How long the kernel may keep it in FIN_WAIT_2 after close(); at least a second, its smallest
// unit.
void set_kernel_wait(int socket, std::chrono::nanoseconds time);

// Discards up to `bytes_max` received bytes.
[[nodiscard]] Discarded discard(int socket, std::size_t bytes_max);
// What discard() would give, and leaves it there.
[[nodiscard]] Discarded peek(int socket);

// In FIN_WAIT_2 the kernel asks a client that has been silent for `silence` whether it is there
// (net/ipv4/tcp_timer.c, tcp_keepalive_timer), then each second, three times; then it gives up with
// ETIMEDOUT. Ends TCP_USER_TIMEOUT, which would take the number's place, and has nothing left to
// bound: all is acknowledged.
void set_probes(int socket, std::chrono::seconds silence);

// Bytes not acknowledged, our FIN included; 0 in FIN_WAIT_2.
[[nodiscard]] std::uint32_t unacked_bytes(int socket);
[[nodiscard]] AckFacts ack_facts(int socket);
[[nodiscard]] EndFacts end_facts(int socket);

// close() will send RST and forget what was not acknowledged.
void reset_at_close(int socket);

}  // namespace finwait
