// SPDX-License-Identifier: Apache-2.0
//
// Why the server closes a connection, decided from what really happened. Two pure questions: what
// the last reply meant for the connection, asked when the request is logged; and, where that left
// the connection open, what ended it, asked at the close. No httpd, no APR; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "contract/tcp_socket.hpp"
#include "finwait/words.hpp"

namespace finwait {

// A reply after which httpd closes (c->keepalive == AP_CONN_CLOSE).
struct ReplyFacts {
    bool begun_and_timed_out = false;  // 408 with a request line read, or its like
    bool upgraded = false;             // CONNECT, 101, or tunnelled to ws: or wss:
    bool cut_off = false;              // the client's FIN or RST came before the request's end
    bool body_refused = false;         // 413, or Expect: 100-continue never answered
    bool has_body = false;             // the request announced one
    bool status_drops_connection = false;
    bool has_two_lengths = false;   // Content-Length beside Transfer-Encoding
    bool reply_broke_off = false;   // mod_proxy's backend did not send all of it
    bool keep_alive_off = false;    // KeepAlive Off or KeepAliveTimeout 0
    bool requests_used_up = false;  // MaxKeepAliveRequests
    bool client_said_close = false;
    bool no_keepalive_variable = false;
    bool old_client = false;  // HTTP/1.0 without Connection: keep-alive
    bool stopping = false;
};

[[nodiscard]] Cause cause_after_reply(const ReplyFacts& facts);

struct CauseFacts {
    std::uint32_t requests = 0;        // HTTP/1: complete ones; HTTP/2: those that were read
    std::optional<Cause> after_reply;  // set if the last reply already decided
    bool reply_given_up = false;       // a write failed though the client is there and owes acks
    Peek peek = Peek::nothing;
    bool begun = false;       // HTTP/1: httpd is known to have read of a further request
    bool answering = false;   // HTTP/2: a reply has not gone, or a thread is still at one that has
    bool stopping = false;    // the MPM stops, or this generation is old
    bool async = false;       // event: the MPM itself sets the short-lingering-close note
    bool short_note = false;  // c->notes has short-lingering-close
    bool tls = false;         // the handshake was finished
    bool http_2 = false;
    bool http_2_error = false;  // mod_http2 said GOAWAY for what the client had sent
    std::optional<std::chrono::nanoseconds> since_reply;  // nothing: none was logged
    std::chrono::nanoseconds keep_alive_timeout{};
    std::chrono::nanoseconds timeout{};  // httpd's Timeout
};

// What the kernel knows of the socket costs a system call: it is asked only where the answer
// decides. Nothing, where it cannot be asked any more.
using AskReceived = std::function<std::optional<Received>()>;

[[nodiscard]] Cause cause_of_close(const CauseFacts& facts, const AskReceived& ask);

// Its FIN or its RST was there before we closed.
[[nodiscard]] bool client_went_first(Peek peek);

}  // namespace finwait
