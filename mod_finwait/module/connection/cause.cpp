// SPDX-License-Identifier: Apache-2.0
#include "module/connection/cause.hpp"

#include <algorithm>

namespace finwait {

namespace {

// TCP_INFO counts in jiffies (4 ms at HZ=250), and the reply is logged just after it was written.
constexpr std::chrono::milliseconds kClockSlack{10};

bool is_over(std::chrono::nanoseconds time, std::chrono::nanoseconds limit) {
    return time + kClockSlack >= limit;
}

bool keep_alive_is_over(const CauseFacts& facts) {
    return facts.since_reply && *facts.since_reply >= facts.keep_alive_timeout;
}

bool was_reset(Peek peek) {
    return peek == Peek::reset || peek == Peek::closed || peek == Peek::fin_then_reset;
}

// A close_notify or a GOAWAY was read, and the FIN is still on its way; without either, nothing
// that is known explains the close.
Cause unexplained(const CauseFacts& facts) {
    return facts.tls || facts.http_2 ? Cause::client_gone : Cause::other;
}

// On TLS bytes prove only a handshake; whether a request was begun in them could be told only on
// the data path.
Cause cause_without_request(const CauseFacts& facts, const AskReceived& ask) {
    if (facts.tls && facts.short_note) return Cause::no_request;
    const auto received = ask();
    if (!received) return Cause::other;
    if (!received->any) return Cause::no_request;
    const bool waited = facts.short_note || is_over(received->since_last, facts.timeout);
    if (facts.tls) return waited ? Cause::no_request : Cause::client_gone;
    return waited ? Cause::request_timeout : Cause::error;
}

// event reads only what has come: once it reads, Timeout alone can end that, or on TLS the client's
// close_notify.
Cause cause_on_event(const CauseFacts& facts, const AskReceived& ask) {
    if (!facts.begun) {
        if (keep_alive_is_over(facts)) return Cause::keepalive_timeout;
        return facts.short_note ? Cause::workers_busy : unexplained(facts);
    }
    if (facts.short_note || !facts.tls) return Cause::request_timeout;
    const auto received = ask();
    return received && is_over(received->since_last, facts.timeout) ? Cause::request_timeout
                                                                    : Cause::client_gone;
}

// The reply was logged after it had been sent, a busy scheduler's time later: the client may have
// gone on in between. The kernel's time may be that of a retransmission: the earlier of both is
// true.
bool went_on_after_reply(const CauseFacts& facts, const Received& received) {
    if (!facts.since_reply) return false;
    const auto since_sent = received.since_sent.value_or(std::chrono::milliseconds::zero());
    return received.since_last + kClockSlack <
           std::max<std::chrono::nanoseconds>(*facts.since_reply, since_sent);
}

// The others read, and wait, from the moment of the last reply, a request's first line within
// KeepAliveTimeout: there only the time at which bytes came tells that it was begun.
Cause cause_on_a_worker(const CauseFacts& facts, const AskReceived& ask) {
    if (facts.short_note) return Cause::request_timeout;  // mod_reqtimeout's
    const auto received = ask();
    const bool begun = facts.begun || (received && went_on_after_reply(facts, *received));
    if (begun && received &&
        is_over(received->since_last, std::min(facts.timeout, facts.keep_alive_timeout)))
        return Cause::request_timeout;
    return keep_alive_is_over(facts) ? Cause::keepalive_timeout : unexplained(facts);
}

// mod_http2 has two clocks, and the client's bytes start both anew: Timeout's while it is
// answering, else KeepAliveTimeout's. (A request may be logged long before its reply has gone.)
// Who ended it is to be told only after the clocks: on a worker mod_http2 calls their end an error,
// too.
Cause cause_on_http_2(const CauseFacts& facts, const AskReceived& ask) {
    const auto received = ask();
    if (!received) return Cause::other;
    const bool idle_over = is_over(received->since_last, facts.keep_alive_timeout);
    const bool waited = is_over(received->since_last, facts.timeout);
    if (facts.requests == 0) {
        if (idle_over || waited) return Cause::no_request;
        return facts.tls && !facts.http_2_error ? Cause::client_gone : Cause::error;
    }
    // event's note is left on the idle only.
    if (facts.async && facts.short_note)
        return idle_over || keep_alive_is_over(facts) ? Cause::keepalive_timeout
                                                      : Cause::workers_busy;
    if (facts.answering && waited) return Cause::request_timeout;
    if (idle_over) return Cause::keepalive_timeout;
    return facts.http_2_error ? Cause::error : Cause::client_gone;
}

}  // namespace

bool client_went_first(Peek peek) {
    return peek == Peek::fin || was_reset(peek);
}

// The order is that of ap_set_keepalive() (modules/http/http_protocol.c:262-283), after what
// ap_read_request(), ap_die() and the handlers decide before it is asked.
Cause cause_after_reply(const ReplyFacts& facts) {
    if (facts.begun_and_timed_out) return Cause::request_timeout;
    if (facts.upgraded) return Cause::tunnel_end;
    if (facts.cut_off) return Cause::client_gone;
    if (facts.body_refused) return Cause::unread_body;
    if (facts.status_drops_connection || facts.has_two_lengths) return Cause::error;
    if (facts.keep_alive_off || facts.requests_used_up) return Cause::server_limit;
    if (facts.client_said_close) return Cause::client_asked;
    if (facts.no_keepalive_variable) return Cause::server_limit;
    if (facts.old_client) return Cause::client_asked;
    if (facts.stopping) return Cause::stopping;
    if (facts.reply_broke_off) return Cause::error;
    // Left: the handler closed. With a body announced it could not be read to its end; without,
    // the reply itself said close, or only the close can end it (HTTP/1.0, length unknown).
    return facts.has_body ? Cause::unread_body : Cause::server_limit;
}

Cause cause_of_close(const CauseFacts& facts, const AskReceived& ask) {
    // A tunnel ends when either side closes, and httpd then half-closes the other itself.
    if (facts.after_reply == Cause::tunnel_end) return Cause::tunnel_end;
    if (client_went_first(facts.peek)) {
        // A RST takes the reply with it.
        const bool had_reply = facts.after_reply && !was_reset(facts.peek);
        return had_reply ? *facts.after_reply : Cause::client_gone;
    }
    // Writing to a client that is there fails only when Timeout runs out.
    if (facts.reply_given_up) return Cause::request_timeout;
    if (facts.after_reply) return *facts.after_reply;
    if (facts.stopping) return Cause::stopping;
    if (facts.http_2) return cause_on_http_2(facts, ask);
    if (facts.requests == 0) return cause_without_request(facts, ask);
    return facts.async ? cause_on_event(facts, ask) : cause_on_a_worker(facts, ask);
}

}  // namespace finwait
