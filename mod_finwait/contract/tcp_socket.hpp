// SPDX-License-Identifier: Apache-2.0
//
// The questions asked of a TCP socket around the close, by the child and by the closer. Plain
// descriptors, owned by the caller; never blocks; any thread. No httpd, no APR.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "finwait/close.hpp"

namespace finwait {

// What a recv() gives.
struct Incoming {
    std::size_t bytes = 0;  // 0 with error 0: the client's FIN
    int error = 0;          // EAGAIN: nothing there now
};

// And leaves it there. Takes the socket's pending error.
[[nodiscard]] Incoming peek(int socket);

// What a peek at the receive queue says at the close.
enum class Peek : std::uint8_t {
    nothing,  // EAGAIN: the client is silent
    data,     // unread bytes
    fin,      // the client's FIN, with nothing before it
    reset,    // any error: the connection is gone
    closed,   // ended, and httpd has been told: by RST, or by both FINs where it half-closed before
    fin_then_reset,  // as closed, and the FIN was the client's: it no longer listened to us
};

// Takes the socket's pending error.
[[nodiscard]] Peek peek_at(int socket);

// An errno; takes it. Behind a FIN recv() tells only of that.
[[nodiscard]] int pending_error(int socket);

// True if the connection has ended by RST or by both FINs. Unread bytes hide that from peek_at().
[[nodiscard]] bool is_closed(int socket);

// True if the client has acknowledged our FIN; of a connection that has ended, too.
[[nodiscard]] bool has_acknowledged_fin(int socket);

// Bytes that the client has not acknowledged. SIOCOUTQ counts our FIN as one: it is 1 right after
// shutdown() and 0 in FIN_WAIT_2 (net/ipv4/tcp.c, tcp_ioctl). Nothing where the kernel gives no
// answer.
[[nodiscard]] std::optional<std::uint32_t> unacked_bytes(int socket);

// What the kernel knows about the client's acknowledgements.
struct AckFacts {
    std::uint32_t unacked_bytes = 0;
    std::chrono::nanoseconds since_last_ack{};
    unsigned probes = 0;  // sent since then and not answered
};
[[nodiscard]] AckFacts ack_facts(int socket);

// What a Record says of its socket: state, cookie, round trip, segments.
void note_tcp_facts(CloseFacts& close, int socket);

// Whether what does not fill a segment waits for shutdown() or close() and leaves in one segment
// with our FIN (TCP_CORK; net/ipv4/tcp_output.c, tcp_send_fin): one retransmission timeout at most,
// 200 ms or more. False sends what waits.
void hold_partial_segment(int socket, bool hold);

// What TCP_INFO says of the client's bytes, and of the last of ours (net/ipv4/tcp.c, tcp_get_info).
struct Received {
    bool any = false;
    std::chrono::milliseconds since_last{};
    // A retransmission counts. Nothing while some of ours wait to be sent.
    std::optional<std::chrono::milliseconds> since_sent;
};

// Nothing where the kernel gives no answer.
[[nodiscard]] std::optional<Received> received_on(int socket);

// False for MPTCP, which `mptcpize` makes of TCP without its program's knowledge.
[[nodiscard]] bool speaks_tcp(int socket);

}  // namespace finwait
