// SPDX-License-Identifier: Apache-2.0
#include "module/connection/last_reply.hpp"

#include <http_request.h>
#include <http_ssl.h>

#include "module/config/server_config.hpp"
#include "module/connection/client_socket.hpp"
#include "module/connection/fin.hpp"

namespace finwait {

namespace {

// Between this and the request's log there is nothing but httpd's own code: the handler has
// returned, or what it ends with is a file. (mod_cgi may wait for its program after the
// End-Of-Stream.)
bool ends_reply(const apr_bucket_brigade* brigade, bool ends_request) {
    return ends_request ||
           (holds(brigade, apr_bucket_type_file) && holds(brigade, apr_bucket_type_eos));
}

bool says_goodbye(conn_rec* c) {
    return ap_ssl_conn_is_ssl(c) || speaks_http_2(c);
}

bool holds_last_segment(Connection& connection) {
    if (says_goodbye(connection.c)) return false;
    const int socket = tcp_descriptor_of(connection.c);
    if (socket < 0) return false;
    hold_partial_segment(socket, true);
    return connection.holds_segment = true;
}

}  // namespace

bool holds(const apr_bucket_brigade* brigade, const apr_bucket_type_t& type) {
    for (apr_bucket* bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket))
        if (bucket->type == &type) return true;
    return false;
}

void watch_for_last_reply(Connection& connection, const apr_bucket_brigade* brigade) {
    conn_rec* c = connection.c;
    if (c->keepalive != AP_CONN_CLOSE || connection.last_request_ended) return;
    const bool ends_request = holds(brigade, ap_bucket_type_eor);
    if (!ends_reply(brigade, ends_request)) return;
    if (connection.holds_segment || holds_last_segment(connection))
        connection.last_request_ended = ends_request;
}

void half_close_after_last_reply(Connection& connection, const request_rec* r) {
    conn_rec* c = connection.c;
    if (!connection.holds_segment || connection.half_closed) return;
    const int socket = tcp_descriptor_of(c);
    if (socket < 0) return;
    // Some versions of httpd log a request that they could not read before its reply is written:
    // then no End-Of-Request bucket has passed.
    if (connection.last_request_ended && !c->aborted && config_of(r->server).settings.engine) {
        const Peek peek = peek_of(connection, socket);
        if (!connection.gone && send_fin(connection, socket)) connection.half_closed = peek;
    }
    if (!connection.half_closed) hold_partial_segment(socket, false);
}

void join_goodbye_to_fin(const Connection& connection) {
    if (!config_of(connection.c->base_server).settings.engine) return;
    const int socket = tcp_descriptor_of(connection.c);
    if (socket >= 0) hold_partial_segment(socket, true);
}

}  // namespace finwait
