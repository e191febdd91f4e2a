// SPDX-License-Identifier: Apache-2.0
//
// Why the server closes a connection, decided from what really happened. Two pure questions: what
// the last reply meant for the connection, asked when the request is logged; and, where that left
// the connection open, what ended it, asked at the close. No httpd, no APR; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "contract/tcp_socket.hpp"
#include "finwait/words.hpp"

namespace finwait {

// A reply after which httpd closes (c->keepalive == AP_CONN_CLOSE).
struct ReplyFacts {
    bool begun_and_timed_out = false;  // 408 with a request line read
    bool upgraded = false;             // CONNECT, 101, or tunnelled to ws: or wss:
    bool body_refused = false;         // 413, or Expect: 100-continue never answered
    bool has_body = false;             // the request announced one
    bool status_drops_connection = false;
    bool keep_alive_off = false;    // KeepAlive Off or KeepAliveTimeout 0
    bool requests_used_up = false;  // MaxKeepAliveRequests
    bool client_said_close = false;
    bool no_keepalive_variable = false;
    bool old_client = false;  // HTTP/1.0 without Connection: keep-alive
    bool stopping = false;
};

[[nodiscard]] Cause cause_after_reply(const ReplyFacts& facts);

struct CloseFacts {
    std::uint32_t requests = 0;        // complete ones
    std::optional<Cause> after_reply;  // set if the last reply already decided
    bool malformed = false;            // the last request was: 400
    bool reply_begun = false;          // HTTP/2: a first request has been read, none is answered
    bool reply_given_up = false;       // a write failed though the client is there and owes acks
    Peek peek = Peek::nothing;

    // These only where there is no after_reply.
    bool reading = false;     // event only: it had begun to read a further request
    bool stopping = false;    // the MPM stops, or this generation is old
    bool async = false;       // event: the MPM itself sets the short-lingering-close note
    bool short_note = false;  // c->notes has short-lingering-close
    bool tls = false;
    bool http_2 = false;
    bool bytes_received = false;                  // on the connection, ever (tcpi_bytes_received)
    std::chrono::nanoseconds since_last_bytes{};  // tcpi_last_data_recv
    std::chrono::nanoseconds since_reply{};       // if requests != 0
    std::chrono::nanoseconds keep_alive_timeout{};
    std::chrono::nanoseconds request_timeout{};  // httpd's Timeout
};

[[nodiscard]] Cause cause_of_close(const CloseFacts& facts);

// True if cause_of_close() reads the members that cost a system call to learn (from TCP_INFO).
[[nodiscard]] bool needs_tcp_info(const CloseFacts& facts);

}  // namespace finwait
