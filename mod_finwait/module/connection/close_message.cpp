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
bool has_given_up_writing(const Close& close) {
    const auto& before = close.connection.before_goodbye;
    const auto& last = close.seen.last;
    const bool was_aborted = (last && last->given_up) || (before && before->aborted);
    return was_aborted && has_unacknowledged(close.socket);
}

// What cause_of_close() asks of a connection that its last reply, if any, left open.
void learn_what_ended(const Close& close, CloseFacts& facts) {
    const Connection& connection = close.connection;
    const auto& before = connection.before_goodbye;
    const conn_rec* c = connection.c;
    facts.answering = before && before->answering;
    facts.stopping = is_stopping();
    facts.async = mpm_is_async();
    // On the other MPMs a request is always being read: there only what came with the one before.
    facts.begun = connection.reading != nullptr && (facts.async || c->data_in_input_filters);
    facts.short_note = has_short_note(close);
    facts.tls = connection.tls != TlsVersion::none;
    facts.http_2 = connection.http_2;
    facts.http_2_error = connection.http_2_error;
    facts.timeout = std::chrono::microseconds(c->base_server->timeout);
    facts.keep_alive_timeout = std::chrono::microseconds(c->base_server->keep_alive_timeout);
    const auto& last = close.seen.last;
    if (!last) return;
    facts.timeout = std::min(facts.timeout, last->timeout);
    facts.keep_alive_timeout = last->keep_alive_timeout;
    facts.http_2 = facts.http_2 || last->http == HttpVersion::http_2;
    if (last->logged != std::chrono::nanoseconds::zero())
        facts.since_reply = (before ? before->at : monotonic_now()) - last->logged;
}

// The drain only where nothing is lost by it: a client that still reads has the full time.
void cut_short(const Close& close, Policy& policy) {
    policy.wait_timeout_ms = std::min(policy.wait_timeout_ms, kCutShortMs);
    if (!all_but_goodbye_acknowledged(close)) return;
    policy.drain_timeout_ms = std::min(policy.drain_timeout_ms, kCutShortMs);
    policy.drain_idle_timeout_ms = std::min(policy.drain_idle_timeout_ms, kCutShortMs);
}

// What may stand unacknowledged before our FIN without being a reply: close_notify and GOAWAY with
// its debug text.
constexpr int kGoodbyeMax = 256;
// And of a reply that left with our FIN: the client's system has had no time yet to acknowledge it.
constexpr int kLastSegmentMax = 1460;

}  // namespace

bool all_but_goodbye_acknowledged(const Close& close) {
    const Connection& connection = close.connection;
    const int goodbye_max = connection.half_close       ? kLastSegmentMax
                            : connection.before_goodbye ? kGoodbyeMax
                                                        : 0;
    return only_fin_unacknowledged(close.socket, goodbye_max);
}

bool has_short_note(const Close& close) {
    return apr_table_get(close.connection.c->notes, "short-lingering-close") != nullptr;
}

Cause cause_of(const Close& close) {
    const auto& before = close.connection.before_goodbye;
    CloseFacts facts;
    facts.requests = close.seen.requests;
    facts.reply_given_up = has_given_up_writing(close);
    facts.peek = before ? before->peek : close.peek;
    if (close.seen.last) facts.after_reply = close.seen.last->closes;
    if (!facts.after_reply) learn_what_ended(close, facts);
    return cause_of_close(facts,
                          [&] { return before ? before->received : received_on(close.socket); });
}

Handoff message_for(const Close& close, Cause cause) {
    const Connection& connection = close.connection;
    conn_rec* c = connection.c;
    apr_socket_t* socket = ap_get_conn_socket(c);
    Handoff message;
    message.cause = cause;
    message.mpm = mpm();
    message.tls = connection.tls;
    message.requests = close.seen.requests;
    message.half_close = connection.half_close ? connection.half_close->at : monotonic_now();
    message.policy = close.settings.policy;
    message.auto_rule = close.settings.auto_rule;
    message.vhost = close.settings.name;
    message.logs = close.settings.logs;
    message.http = connection.http_2 ? HttpVersion::http_2 : HttpVersion::none;
    const apr_sockaddr_t* peer = address_of(socket, APR_REMOTE);
    message.peer = endpoint_of(peer);
    message.local = endpoint_of(address_of(socket, APR_LOCAL));
    if (const auto& last = close.seen.last) {
        message.remedy = last->remedy;
        if (last->remedy == Remedy::cut_short) cut_short(close, message.policy);
        last->policy.apply_to(message.policy);
        message.http = last->http;
        message.logs = last->logs;
        message.user_agent = last->user_agent;
        message.client_address = last->client_address;
    }
    if (message.client_address.empty()) message.client_address = proxied_address(c, peer);
    return message;
}

}  // namespace finwait
