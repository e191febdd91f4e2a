// SPDX-License-Identifier: Apache-2.0
//
// The sending end of the channel to the closer, and the questions asked of a socket around the
// half-close. Plain descriptors, owned by the caller; never blocks; any thread. No httpd, no APR.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "finwait/handoff.hpp"
#include "module/connection/cause.hpp"

namespace finwait {

// Sends `handoff`, with `socket` if it is one and without a descriptor if it is a Report, by the
// first of `lanes` that has room. Nothing on success. The message is whole or not sent at all
// (SEQPACKET).
[[nodiscard]] std::optional<Decline> send_message(std::span<const int> lanes,
                                                  const Handoff& handoff, int socket);

// Takes the socket's pending error.
[[nodiscard]] Peek peek_at(int socket);

// True if the other end of a socket pair is closed.
[[nodiscard]] bool has_hung_up(int socket);

// True if the connection has ended by RST or by both FINs. Unread bytes hide that from peek_at().
[[nodiscard]] bool is_closed(int socket);

// True if the client has not acknowledged all that was written.
[[nodiscard]] bool has_unacknowledged(int socket);

// Whether what does not fill a segment waits for shutdown() or close() and leaves in one segment
// with our FIN (TCP_CORK; net/ipv4/tcp_output.c, tcp_send_fin): one retransmission timeout at most,
// 200 ms or more. False sends what waits.
void hold_partial_segment(int socket, bool hold);

// What cause_of_close() needs of TCP_INFO; zeros where the kernel gives no answer.
struct Received {
    bool any = false;
    std::chrono::milliseconds since_last{};
};

[[nodiscard]] Received received_on(int socket);

// True if the client has acknowledged everything but our FIN and at most `goodbye_max` bytes before
// it. SIOCOUTQ counts the FIN: it is 1 right after shutdown() and 0 in FIN_WAIT_2 (net/ipv4/tcp.c,
// tcp_ioctl).
[[nodiscard]] bool only_fin_unacknowledged(int socket, int goodbye_max);

}  // namespace finwait
