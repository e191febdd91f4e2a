// SPDX-License-Identifier: Apache-2.0
#include "module/connection/connection.hpp"

#include <http_protocol.h>
#include <http_ssl.h>
#include <scoreboard.h>

#include <cstring>

#include "module/clock.hpp"
#include "module/config/server_config.hpp"
#include "module/connection/cause.hpp"
#include "module/connection/client_socket.hpp"
#include "module/connection/last_reply.hpp"
#include "module/connection/outgoing.hpp"
#include "module/connection/remedy.hpp"
#include "module/connection/request_facts.hpp"
#include "module/connection/take_over.hpp"
#include "module/guard.hpp"
#include "module/parent/other_child.hpp"
#include "module/parent/runtime.hpp"
#include "module/pool_new.hpp"

namespace finwait {

namespace {

void remember(Connection& connection, request_rec* first) {
    request_rec* last = first;
    while (last->next) last = last->next;
    RequestSeen request = request_seen(first, last);
    request.logged = monotonic_now();
    if (const void* number = ap_get_module_config(first->request_config, &finwait_module))
        request.number = *static_cast<const std::uint32_t*>(number);
    request.complete = !is_timed_out(first) && !is_malformed(first);
    // On HTTP/2 a stream's own connection is aborted when the client resets the stream.
    request.given_up = !first->connection->master && first->connection->aborted;
    request.closes = closing_cause(first, last);
    connection.client.remember(request);
    note_backend(connection.runtime->module_counters->outgoing, last);
}

apr_status_t on_stream_end(void* data) {
    static_cast<Connection*>(data)->client.end_stream();
    return APR_SUCCESS;
}

// mod_http2 lets go of the stream's connection when the reply has gone.
void begin(Connection& connection, request_rec* r) {
    apr_pool_cleanup_register(r->connection->pool, &connection, on_stream_end,
                              apr_pool_cleanup_null);
    auto* number = static_cast<std::uint32_t*>(apr_palloc(r->pool, sizeof(std::uint32_t)));
    ap_set_module_config(r->request_config, &finwait_module, number);
    if (connection.client.is_empty()) {
        const RequestSeen request = request_seen(r, r);
        *number = connection.client.begin(&request);
    } else {
        *number = connection.client.begin(nullptr);
    }
}

apr_status_t on_pool_cleanup(void* data) {
    account_without_goodbye(*static_cast<Connection*>(data));
    return APR_SUCCESS;
}

}  // namespace

conn_rec* primary_of(const request_rec* r) {
    return r->connection->master ? r->connection->master : r->connection;
}

Connection* connection_of(conn_rec* c) {
    return static_cast<Connection*>(ap_get_module_config(c->conn_config, &finwait_module));
}

bool came_through_proxy(const request_rec* r) {
    Connection* connection = connection_of(primary_of(r));
    return connection && connection->client.is_proxys_with(sender_of(r));
}

bool is_stopping() {
    int generation = 0;
    return server_is_stopping() ||
           (ap_mpm_query(AP_MPMQ_GENERATION, &generation) == APR_SUCCESS && ap_scoreboard_image &&
            generation != ap_scoreboard_image->global->running_generation);
}

int on_pre_connection(conn_rec* c, void*) {
    return guarded("pre_connection", DECLINED, [&] {
        Runtime* runtime = config_of(ap_server_conf).runtime;
        if (!runtime || c->master) return DECLINED;
        if (c->outgoing) {
            note_connection(runtime->module_counters->outgoing, c);
            return DECLINED;
        }
        auto* connection = pool_new<Connection>(c->pool);
        connection->c = c;
        connection->runtime = runtime;
        ap_set_module_config(c->conn_config, &finwait_module, connection);
        apr_pool_cleanup_register(c->pool, connection, on_pool_cleanup, apr_pool_cleanup_null);
        add_take_over_filter(*connection);
        return OK;
    });
}

bool speaks_http_2(conn_rec* c) {
    return std::strncmp(ap_get_protocol(c), "h2", 2) == 0;  // asked at each write
}

TlsVersion tls_version_of(conn_rec* c) {
    if (!ap_ssl_conn_is_ssl(c)) return TlsVersion::none;
    const char* name = ap_ssl_var_lookup(c->pool, c->base_server, c, nullptr, "SSL_PROTOCOL");
    std::string_view version = name ? name : "";  // "TLSv1", "TLSv1.1", …
    if (!version.starts_with("TLSv")) return TlsVersion::none;
    version.remove_prefix(4);
    return word_named<TlsVersion>(version == "1" ? "1.0" : version).value_or(TlsVersion::none);
}

void on_pre_read_request(request_rec* r, conn_rec* c) {
    if (c->master) return;
    if (Connection* connection = connection_of(c)) connection->reading = r;
}

int on_post_read_request(request_rec* r) {
    return guarded("post_read_request", DECLINED, [&] {
        apply_remedy(r);
        conn_rec* c = primary_of(r);
        Connection* connection = connection_of(c);
        if (!connection) return DECLINED;
        if (r->prev || r->main) return DECLINED;
        if (!r->connection->master) {
            if (c->keepalives == 0) connection->tls = tls_version_of(c);
            // ap_read_request() takes Content-Length away and leaves only this.
            connection->cut_off = false;
            connection->has_two_lengths = c->keepalive == AP_CONN_CLOSE && has_body(r);
        } else {
            begin(*connection, r);
        }
        return DECLINED;
    });
}

void on_insert_error_filter(request_rec* r) {
    conn_rec* c = r->connection;
    Connection* connection = connection_of(c);
    if (!connection || r->status != HTTP_BAD_REQUEST) return;
    if (!has_body(r) && !is_malformed(r)) return;
    const int socket = tcp_descriptor_of(c);
    connection->cut_off = socket >= 0 && client_went_first(peek_of(*connection, socket));
}

int on_log_transaction(request_rec* r) {
    return guarded("log_transaction", DECLINED, [&] {
        conn_rec* c = primary_of(r);
        Connection* connection = connection_of(c);
        if (!connection || is_upgrade_to_http_2(r)) return DECLINED;
        if (!r->connection->master) {
            half_close_after_last_reply(*connection, r);
        }
        remember(*connection, r);
        if (connection->reading == r) connection->reading = nullptr;
        return DECLINED;
    });
}

}  // namespace finwait
