// SPDX-License-Identifier: Apache-2.0
#include "module/connection/close_message.hpp"

#include <apr_network_io.h>
#include <http_connection.h>

#include <algorithm>

#include "module/clock.hpp"
#include "module/connection/cause.hpp"

namespace finwait {

namespace {

Mpm mpm() {
    static const Mpm running = word_named<Mpm>(ap_show_mpm()).value_or(Mpm::unknown);
    return running;
}

bool mpm_is_async() {
    int async = 0;
    return ap_mpm_query(AP_MPMQ_IS_ASYNC, &async) == APR_SUCCESS && async != 0;
}

// Null if it is not known.
const apr_sockaddr_t* address_of(apr_socket_t* socket, apr_interface_e which) {
    apr_sockaddr_t* address = nullptr;
    if (!socket || apr_socket_addr_get(&address, which, socket) != APR_SUCCESS) return nullptr;
    return address;
}

Endpoint endpoint_of(const apr_sockaddr_t* address) {
    return address ? endpoint_from(reinterpret_cast<const sockaddr*>(&address->sa)) : Endpoint{};
}

// A proxy's PROXY header replaces c->client_addr; the Record's peer is the socket's.
std::string_view proxied_address(const conn_rec* c, const apr_sockaddr_t* peer) {
    if (c->client_addr == peer) return {};
    Endpoint client = endpoint_of(c->client_addr);
    const Endpoint socket = endpoint_of(peer);
    client.port = socket.port;
    return client == socket ? std::string_view{} : std::string_view(c->client_ip);
}

// What could not be written was followed by no goodbye: all that is unacknowledged is a reply.
bool has_given_up_writing(const Closing& closing) {
    const auto& before = closing.connection.before_goodbye;
    const auto& last = closing.seen.last;
    const bool was_aborted = (last && last->given_up) || (before && before->aborted);
    return was_aborted && unacked_bytes(closing.socket).value_or(0) > 0;
}

// What cause_of_close() asks of a connection that its last reply, if any, left open.
void learn_what_ended(const Closing& closing, CauseFacts& facts) {
    const Connection& connection = closing.connection;
    const auto& before = connection.before_goodbye;
    const conn_rec* c = connection.c;
    facts.answering = before && before->answering;
    facts.stopping = is_stopping();
    facts.async = mpm_is_async();
    // On the other MPMs a request is always being read: there only what came with the one before.
    facts.begun = connection.reading != nullptr && (facts.async || c->data_in_input_filters);
    facts.short_note = has_short_note(closing);
    facts.tls = connection.tls != TlsVersion::none;
    facts.http_2 = connection.http_2;
    facts.http_2_error = connection.http_2_error;
    facts.timeout = std::chrono::microseconds(c->base_server->timeout);
    facts.keep_alive_timeout = std::chrono::microseconds(c->base_server->keep_alive_timeout);
    const auto& last = closing.seen.last;
    if (!last) return;
    facts.timeout = std::min(facts.timeout, last->timeout);
    facts.keep_alive_timeout = last->keep_alive_timeout;
    facts.http_2 = facts.http_2 || last->http == HttpVersion::http_2;
    if (last->logged != std::chrono::nanoseconds::zero())
        facts.since_reply = (before ? before->at : monotonic_now()) - last->logged;
}

// The drain only where nothing is lost by it: a client that still reads has the full time.
void cut_short(const Closing& closing, Policy& policy) {
    policy.wait_timeout_ms = std::min(policy.wait_timeout_ms, kCutShortMs);
    if (!all_but_goodbye_acknowledged(closing)) return;
    policy.drain_timeout_ms = std::min(policy.drain_timeout_ms, kCutShortMs);
    policy.drain_idle_timeout_ms = std::min(policy.drain_idle_timeout_ms, kCutShortMs);
}

// What may stand unacknowledged before our FIN without being a reply: close_notify and GOAWAY with
// its debug text.
constexpr std::uint32_t kGoodbyeMax = 256;
// And of a reply that left with our FIN: the client's system has had no time yet to acknowledge it.
constexpr std::uint32_t kLastSegmentMax = 1460;

}  // namespace

bool all_but_goodbye_acknowledged(const Closing& closing) {
    const Connection& connection = closing.connection;
    const std::uint32_t goodbye_max = connection.half_closed      ? kLastSegmentMax
                                      : connection.before_goodbye ? kGoodbyeMax
                                                                  : 0;
    const auto unacked = unacked_bytes(closing.socket);
    return unacked && *unacked <= 1 + goodbye_max;  // 1: our FIN
}

bool has_short_note(const Closing& closing) {
    return apr_table_get(closing.connection.c->notes, "short-lingering-close") != nullptr;
}

Cause cause_of(const Closing& closing) {
    const auto& before = closing.connection.before_goodbye;
    CauseFacts facts;
    facts.requests = closing.seen.requests;
    facts.reply_given_up = has_given_up_writing(closing);
    facts.peek = before ? before->peek : closing.peek;
    if (closing.seen.last) facts.after_reply = closing.seen.last->closes;
    if (!facts.after_reply) learn_what_ended(closing, facts);
    return cause_of_close(facts,
                          [&] { return before ? before->received : received_on(closing.socket); });
}

Handoff message_for(const Closing& closing, Cause cause) {
    const Connection& connection = closing.connection;
    conn_rec* c = connection.c;
    apr_socket_t* socket = ap_get_conn_socket(c);
    Handoff message;
    message.half_close = connection.fin_at ? *connection.fin_at : monotonic_now();
    message.policy = closing.settings.policy;
    Close& close = message.close;
    close.cause = cause;
    close.mpm = mpm();
    close.tls = connection.tls;
    close.requests = closing.seen.requests;
    close.is_shared = closing.seen.is_shared;
    close.has_via = closing.seen.has_via;
    close.auto_rule = closing.settings.auto_rule;
    close.vhost = closing.settings.name;
    close.logs = closing.settings.logs;
    close.http = connection.http_2 ? HttpVersion::http_2 : HttpVersion::none;
    const apr_sockaddr_t* peer = address_of(socket, APR_REMOTE);
    close.peer = endpoint_of(peer);
    close.local = endpoint_of(address_of(socket, APR_LOCAL));
    if (const auto& last = closing.seen.last) {
        close.remedy = last->remedy;
        if (last->remedy == Remedy::cut_short) cut_short(closing, message.policy);
        last->policy.apply_to(message.policy);
        close.http = last->http;
        close.logs = last->logs;
        close.user_agent = last->user_agent;
        close.client_address = last->client_address;
    }
    if (close.client_address.empty()) close.client_address = proxied_address(c, peer);
    return message;
}

}  // namespace finwait
