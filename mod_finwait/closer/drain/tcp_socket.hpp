// SPDX-License-Identifier: Apache-2.0
//
// What the closer tells a TCP socket; what it asks is in contract/tcp_socket.hpp. Nothing here
// blocks or owns a descriptor.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "contract/tcp_socket.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

// Sets what the kernel itself shall bound, so that it holds even if the closer dies: TCP_LINGER2 is
// in seconds, and the kernel takes 120 of them at most (net/ipv4/tcp.c, do_tcp_setsockopt). False
// if this is not a TCP socket.
[[nodiscard]] bool apply_policy(int socket, const Policy& policy);

// FinWaitTimeout of this socket: net.ipv4.tcp_fin_timeout of its network namespace where the Policy
// leaves it to the kernel. Before apply_policy().
[[nodiscard]] std::uint32_t wait_timeout_ms(int socket, const Policy& policy);

// After close() the kernel keeps it in FIN_WAIT_2 for no more than a second, its smallest unit.
void forget_after_close(int socket);

// Discards up to `bytes_max` received bytes.
[[nodiscard]] Incoming discard(int socket, std::size_t bytes_max);

// In FIN_WAIT_2 the kernel asks a client that has been silent for `silence` whether it is there
// (net/ipv4/tcp_timer.c, tcp_keepalive_timer), then each second, three times; then it gives up with
// ETIMEDOUT. Ends TCP_USER_TIMEOUT, which would take the number's place, and has nothing left to
// bound: all is acknowledged.
void set_probes(int socket, std::chrono::seconds silence);
// Where they are on.
void set_probe_silence(int socket, std::chrono::seconds silence);

// As httpd's child should have done.
void half_close(int socket);
[[nodiscard]] Endpoint peer_of(int socket);
[[nodiscard]] Endpoint local_of(int socket);

// close() returns at once. SO_LINGER, which another module may have set, makes it wait until our
// FIN is acknowledged, also on a non-blocking socket (net/ipv4/tcp.c, __tcp_close()).
void return_at_close(int socket);

// close() will send RST and forget what was not acknowledged.
void reset_at_close(int socket);

}  // namespace finwait
