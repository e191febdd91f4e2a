// SPDX-License-Identifier: Apache-2.0
#include "module/connection/cause.hpp"

namespace finwait {

namespace {

// TCP_INFO counts in jiffies (4 ms at HZ=250), and the reply is logged just after it was written.
constexpr std::chrono::milliseconds kClockSlack{10};

bool was_reset(const CloseFacts& facts) {
    return facts.peek == Peek::reset || facts.peek == Peek::closed ||
           facts.peek == Peek::fin_then_reset;
}

bool client_went_first(const CloseFacts& facts) {
    return facts.peek == Peek::fin || was_reset(facts);
}

Cause cause_without_request(const CloseFacts& facts) {
    if (client_went_first(facts)) return Cause::client_gone;
    if (facts.stopping) return Cause::stopping;
    // mod_http2 itself leaves a stream only after Timeout; else a GOAWAY was read, and the FIN is
    // still on its way.
    if (facts.reply_begun)
        return facts.since_last_bytes >= facts.request_timeout ? Cause::request_timeout
                                                               : Cause::client_gone;
    // On TLS and h2 bytes prove only a handshake or a preface; whether a request was begun in
    // them could be told only on the data path.
    if (!facts.bytes_received || facts.http_2) return Cause::no_request;
    const bool waited = facts.short_note || facts.since_last_bytes >= facts.request_timeout;
    if (facts.tls) return waited ? Cause::no_request : Cause::client_gone;
    return waited ? Cause::request_timeout : Cause::error;
}

// event reads only what has come. The others read, and wait, from the moment of the last reply:
// there only the time at which bytes came tells.
bool has_begun(const CloseFacts& facts) {
    if (facts.http_2) return false;
    return facts.async ? facts.reading : facts.since_last_bytes + kClockSlack < facts.since_reply;
}

// The connection was kept alive, and no further request was logged.
Cause cause_between_requests(const CloseFacts& facts) {
    if (client_went_first(facts)) return Cause::client_gone;
    if (facts.stopping) return Cause::stopping;

    // event closes a readable connection when no worker is free to read it.
    if (facts.async && facts.short_note && facts.peek == Peek::data) return Cause::workers_busy;

    const bool begun = has_begun(facts);
    if (begun && (facts.short_note || facts.since_last_bytes >= facts.request_timeout))
        return Cause::request_timeout;
    if (facts.since_reply >= facts.keep_alive_timeout) return Cause::keepalive_timeout;
    if (facts.async && facts.short_note) return Cause::workers_busy;
    // A close_notify or a GOAWAY was read, and the FIN is still on its way.
    return facts.tls || facts.http_2 ? Cause::client_gone : Cause::other;
}

}  // namespace

// The order is that of ap_set_keepalive() (modules/http/http_protocol.c:262-283), after what
// ap_die() and the handlers decide before it is asked.
Cause cause_after_reply(const ReplyFacts& facts) {
    if (facts.begun_and_timed_out) return Cause::request_timeout;
    if (facts.upgraded) return Cause::tunnel_end;
    if (facts.body_refused) return Cause::unread_body;
    if (facts.status_drops_connection) return Cause::error;
    if (facts.keep_alive_off || facts.requests_used_up) return Cause::server_limit;
    if (facts.client_said_close) return Cause::client_asked;
    if (facts.no_keepalive_variable) return Cause::server_limit;
    if (facts.old_client) return Cause::client_asked;
    if (facts.stopping) return Cause::stopping;
    // Left: the handler closed. With a body announced it could not be read to its end; without,
    // the reply itself said close, or only the close can end it (HTTP/1.0, length unknown).
    return facts.has_body ? Cause::unread_body : Cause::server_limit;
}

Cause cause_of_close(const CloseFacts& facts) {
    // A tunnel ends when either side closes, and httpd then half-closes the other itself.
    if (facts.after_reply == Cause::tunnel_end) return Cause::tunnel_end;
    // Writing to a client that is there fails only when Timeout runs out.
    if (facts.reply_given_up && !client_went_first(facts)) return Cause::request_timeout;
    if (facts.after_reply) {
        // A request cut off in its headers is answered with 400; a RST takes the reply with it.
        const bool cut_off = facts.malformed && client_went_first(facts);
        return cut_off || was_reset(facts) ? Cause::client_gone : *facts.after_reply;
    }
    return facts.requests == 0 ? cause_without_request(facts) : cause_between_requests(facts);
}

bool needs_tcp_info(const CloseFacts& facts) {
    if (facts.after_reply || facts.stopping || client_went_first(facts)) return false;
    return facts.requests == 0 || !facts.async;
}

}  // namespace finwait
