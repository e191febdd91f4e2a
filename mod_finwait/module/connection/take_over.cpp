// SPDX-License-Identifier: Apache-2.0
#include "module/connection/take_over.hpp"

#include <apr_network_io.h>
#include <http_protocol.h>
#include <http_request.h>
#include <sys/socket.h>
#include <util_filter.h>

#include <algorithm>
#include <array>

#include "module/clock.hpp"
#include "module/config/server_config.hpp"
#include "module/connection/client_socket.hpp"
#include "module/connection/close_message.hpp"
#include "module/connection/fin.hpp"
#include "module/connection/goaway.hpp"
#include "module/connection/last_reply.hpp"
#include "module/guard.hpp"
#include "module/parent/channel.hpp"
#include "module/parent/hang.hpp"
#include "module/parent/runtime.hpp"

namespace finwait {

namespace {

ap_filter_rec_t* take_over_handle =
    nullptr;  // by its name it would be looked for at each connection

// The last request's virtual host decides; without a request, the connection's own.
const VhostSettings& settings_for(const Connection& connection, const ClientSeen& seen) {
    return seen.last ? *seen.last->vhost : config_of(connection.c->base_server).settings;
}

void count_decline(Connection& connection, Decline decline) {
    count(counter_of(connection.runtime->module_counters->declined, decline));
}

// A closer that dies finds what was queued when it is back, but one that cannot start leaves it to
// nobody, and one that hangs leaves it without a limit. httpd -X has no loop that would start
// another.
std::optional<Decline> why_unserved(const Runtime& runtime, const CloserProcess& closer) {
    const auto slot = static_cast<std::size_t>(closer.slot);
    if (runtime.one_process && has_hung_up(closer.control)) return Decline::no_closer;
    if (read(runtime.parent_flags->unserved[slot]) != 0) return Decline::no_closer;
    if (hangs(time_in(runtime.closer_counters->turned_ns[slot]),
              runtime.module_counters->doubted_ns[slot], monotonic_now()))
        return Decline::closer_hangs;
    return std::nullopt;
}

bool send(Connection& connection, const Handoff& message, int socket) {
    const CloserProcess* closer = current_closer(*connection.runtime);
    auto decline =
        closer ? why_unserved(*connection.runtime, *closer) : std::optional(Decline::no_closer);
    if (!decline) decline = send_message(closer->channel_send, message, socket);
    if (decline) count_decline(connection, *decline);
    return !decline;
}

// Nothing is left to drain, so httpd may close at once whether or not the closer hears of it.
void tell_ended(const Closing& closing, Cause cause, Outcome outcome) {
    Handoff message = message_for(closing, cause);
    message.kind = MessageKind::ended;
    message.close.outcome = outcome;
    if (send(closing.connection, message, -1))
        count(closing.connection.runtime->module_counters->ended);
    closing.connection.c->aborted = 1;
}

// event starts its keep-alive clock when the kernel, not the client, has the reply: while anything
// but our FIN is unacknowledged the client is still reading, and the full time applies.
bool short_drain_is_due(const Closing& closing, Cause cause) {
    return (cause == Cause::keepalive_timeout || has_short_note(closing)) &&
           all_but_goodbye_acknowledged(closing);
}

void hand_off(const Closing& closing, Cause cause) {
    Handoff message = message_for(closing, cause);
    if (short_drain_is_due(closing, cause))
        message.policy.drain_timeout_ms =
            std::min(message.policy.drain_timeout_ms, closing.settings.short_drain_timeout_ms);
    if (!send(closing.connection, message, closing.socket)) return;
    count(closing.connection.runtime->module_counters->handoffs);
    // Makes ap_start_lingering_close() tell the MPM to close its own descriptor at once
    // (server/connection.c:145).
    closing.connection.c->aborted = 1;
}

// How a connection has ended that leaves nothing to drain; nothing if there may be something.
// c->aborted says nothing of that: httpd sets it for a reader that stops, a TLS handshake that
// fails or a PROXY header that is missing, and the client is there.
std::optional<Outcome> outcome_without_drain(const Closing& closing, Cause cause) {
    switch (closing.peek) {
        case Peek::fin:
        case Peek::fin_then_reset:
            return Outcome::client_first;
        case Peek::reset:
            return Outcome::reset;
        case Peek::closed:
            // mod_proxy half-closes both ends of a tunnel itself and waits for the FINs.
            return cause == Cause::tunnel_end && has_acknowledged_fin(closing.socket)
                       ? Outcome::fin
                       : Outcome::reset;
        case Peek::nothing:
        case Peek::data:
            break;
    }
    return std::nullopt;
}

void decide(const Closing& closing) {
    const Cause cause = cause_of(closing);
    if (const auto outcome = outcome_without_drain(closing, cause))
        return tell_ended(closing, cause, *outcome);
    if (!closing.connection.half_closed && !send_fin(closing.connection, closing.socket))
        return tell_ended(closing, cause, Outcome::reset);
    hand_off(closing, cause);
}

Peek peek_before_half_close(Connection& connection, int socket) {
    if (socket < 0) return Peek::nothing;
    return connection.half_closed ? *connection.half_closed : peek_of(connection, socket);
}

void account(Connection& connection, bool may_wait) {
    count(connection.runtime->module_counters->closes);

    ClientSeen seen;
    if (may_wait)
        connection.client.copy_to(seen);
    else
        connection.client.try_copy_to(seen);
    const VhostSettings& settings = settings_for(connection, seen);
    if (!settings.engine) return count_decline(connection, Decline::engine_off);
    apr_socket_t* apr_socket = ap_get_conn_socket(connection.c);
    if (!is_tcp(apr_socket)) return count_decline(connection, Decline::no_socket);
    const int socket = descriptor_of(apr_socket);
    const Closing closing{connection, seen, settings, socket,
                          peek_before_half_close(connection, socket)};
    // httpd has closed it without a word, and nothing can be asked any more.
    if (socket < 0) return tell_ended(closing, cause_of(closing), Outcome::unknown);
    decide(closing);
}

void account_once(Connection& connection, bool may_wait) {
    if (connection.accounted) return;
    connection.accounted = true;
    account(connection, may_wait);
    told_of_fin(connection);
}

void observe(Connection& connection) {
    const int socket = descriptor_of(ap_get_conn_socket(connection.c));
    if (socket < 0) return;
    BeforeGoodbye before;
    before.peek = peek_of(connection, socket);
    before.aborted = connection.c->aborted != 0;
    before.answering = connection.http_2 && connection.client.has_streams();
    if (!connection.gone) before.received = received_on(socket);
    before.at = monotonic_now();
    connection.before_goodbye = before;
}

// So that httpd need not be asked at most writes what is spoken: mod_http2 writes frames into heap
// buckets, behind metadata of its own (h2_c1_io.c), and such short ones begin with a zero byte (RFC
// 9113 section 4.1), as no reply of HTTP/1 does.
bool may_be_short_frames(const apr_bucket_brigade* brigade) {
    const apr_bucket* first = APR_BRIGADE_FIRST(brigade);
    if (first == APR_BRIGADE_SENTINEL(brigade)) return false;
    if (APR_BUCKET_IS_METADATA(first)) return first->type != &ap_bucket_type_eor;
    return APR_BUCKET_IS_HEAP(first) && first->length != 0 &&
           static_cast<const apr_bucket_heap*>(first->data)->base[first->start] == 0;
}

void watch_for_http_2_error(Connection& connection, apr_bucket_brigade* brigade) {
    if (!may_be_short_frames(brigade)) return;
    if (!speaks_http_2(connection.c)) return;  // nobody else's file may be read here
    apr_off_t length = 0;
    if (apr_brigade_length(brigade, 0, &length) != APR_SUCCESS || length <= 0 ||
        length > apr_off_t{kGoawayWriteMax})
        return;
    std::array<char, kGoawayWriteMax> bytes;
    apr_size_t size = bytes.size();
    if (apr_brigade_flatten(brigade, bytes.data(), &size) == APR_SUCCESS &&
        holds_goaway_for_error({bytes.data(), size}))
        connection.http_2_error = true;
}

apr_status_t take_over_filter(ap_filter_t* filter, apr_bucket_brigade* brigade) {
    auto& connection = *static_cast<Connection*>(filter->ctx);
    watch_for_http_2_error(connection, brigade);
    if (!connection.closing) watch_for_last_reply(connection, brigade);
    // Looked for first: the core filter empties the brigade. A request's own End-Of-Connection
    // bucket (http_filters.c, mod_proxy_http) comes before the mark.
    const bool last = connection.closing && holds(brigade, ap_bucket_type_eoc);
    const apr_status_t status = ap_pass_brigade(filter->next, brigade);
    if (last)
        guarded("take-over", false, [&] {
            account_once(connection, true);
            return true;
        });
    return status;
}

}  // namespace

void register_take_over_filter() {
    // Before mod_ssl, which passes no End-Of-Connection bucket where it could not write or its
    // handshake failed: when the brigade has been passed down, all has been said that will be.
    take_over_handle = ap_register_output_filter("FINWAIT_TAKE_OVER", take_over_filter, nullptr,
                                                 AP_FTYPE_CONNECTION);
}

void add_take_over_filter(Connection& connection) {
    ap_add_output_filter_handle(take_over_handle, &connection, nullptr, connection.c);
}

int on_pre_close_connection(conn_rec* c) {
    return guarded("pre_close_connection", DECLINED, [&] {
        Connection* connection = connection_of(c);
        if (!connection || connection->accounted) return DECLINED;
        if (connection->tls == TlsVersion::none) connection->tls = tls_version_of(c);
        connection->http_2 = speaks_http_2(c);
        if (connection->tls != TlsVersion::none || connection->http_2) {
            observe(*connection);
            join_goodbye_to_fin(*connection);
        }
        connection->closing = true;
        return DECLINED;
    });
}

void account_without_goodbye(Connection& connection) {
    guarded("connection cleanup", false, [&] {
        account_once(connection, false);
        return true;
    });
}

}  // namespace finwait
