// SPDX-License-Identifier: Apache-2.0
#include "module/connection/request_facts.hpp"

#include <http_protocol.h>

#include "module/config/server_config.hpp"
#include "module/connection/cause.hpp"
#include "module/connection/client_variables.hpp"
#include "module/connection/connection.hpp"
#include "module/connection/remedy.hpp"

namespace finwait {

namespace {

std::string_view text_of(const char* text) {
    return text ? std::string_view(text) : std::string_view{};
}

// What a request line claims beyond 1.1 is not what is spoken.
HttpVersion http_version_of(const request_rec* r) {
    if (r->connection->master) return HttpVersion::http_2;
    if (r->proto_num >= HTTP_VERSION(1, 1)) return HttpVersion::http_1_1;
    return r->proto_num >= HTTP_VERSION(1, 0) ? HttpVersion::http_1_0 : HttpVersion::http_0_9;
}

// event and the sync connection handler both take the base server's unless this one has its own
// (event.c, event_post_read_request; http_core.c, ap_process_http_sync_connection).
std::chrono::microseconds keep_alive_timeout_of(const request_rec* r) {
    const server_rec* server =
        r->server->keep_alive_timeout_set ? r->server : r->connection->base_server;
    return std::chrono::microseconds(server->keep_alive_timeout);
}

// CustomLog asks the last request of an internal-redirect chain, and so do we.
LogIds logs_wanted_by(const request_rec* last, const ServerConfig& config) {
    LogIds wanted;
    for (std::size_t i = 0; i < config.log_count; ++i) {
        const LogDirective& log = config.logs[i];
        const bool is_set =
            log.env && apr_table_get(last->subprocess_env, log.env->name.data()) != nullptr;
        if (!log.env || is_set != log.env->negated) wanted.ids[wanted.count++] = log.id;
    }
    return wanted;
}

bool is_upgraded(const request_rec* r) {
    if (r->status == HTTP_SWITCHING_PROTOCOLS) return true;
    if (r->method_number == M_CONNECT) return r->status == HTTP_OK;
    // mod_proxy_wstunnel relays even the backend's status line: from the moment it has a backend no
    // filter of the request's own is left, and r->status stays what it was.
    return r->proxyreq && text_of(r->filename).starts_with("proxy:ws") &&
           r->output_filters == r->connection->output_filters;
}

// Between the last chunk and the body's end httpd makes a 400 of what mod_reqtimeout says.
bool is_cut_by_reqtimeout(const request_rec* r) {
    return r->status == HTTP_BAD_REQUEST && has_body(r) &&
           apr_table_get(r->connection->notes, "short-lingering-close");
}

// httpd calls it HTTP/1.0 if it could make nothing of it.
bool tells_version(const request_rec* r) {
    return r->the_request &&
           (!is_malformed(r) || text_of(r->the_request).find("HTTP/") != std::string_view::npos);
}

ReplyFacts facts_of(request_rec* first, request_rec* last) {
    const conn_rec* c = first->connection;
    const server_rec* server = last->server;
    const char* connection = apr_table_get(first->headers_in, "Connection");
    ReplyFacts facts;
    facts.begun_and_timed_out = is_timed_out(first) || is_cut_by_reqtimeout(first);
    facts.upgraded = is_upgraded(last);
    facts.cut_off = connection_of(first->connection)->cut_off;
    facts.body_refused = last->status == HTTP_REQUEST_ENTITY_TOO_LARGE || first->expecting_100;
    facts.has_body = has_body(first);
    facts.status_drops_connection = ap_status_drops_connection(last->status);
    facts.has_two_lengths = connection_of(first->connection)->has_two_lengths;
    facts.reply_broke_off = last->no_cache != 0;  // ap_proxy_backend_broke()
    facts.keep_alive_off = !server->keep_alive || server->keep_alive_timeout <= 0;
    facts.requests_used_up = server->keep_alive_max > 0 && c->keepalives >= server->keep_alive_max;
    facts.client_said_close = ap_find_token(first->pool, connection, "close");
    facts.no_keepalive_variable = apr_table_get(last->subprocess_env, "nokeepalive") &&
                                  !apr_table_get(first->headers_in, "Via");
    facts.old_client = first->proto_num < HTTP_VERSION(1, 1) &&
                       !ap_find_token(first->pool, connection, "keep-alive");
    facts.stopping = is_stopping();
    return facts;
}

}  // namespace

bool is_upgrade_to_http_2(const request_rec* r) {
    return r->status == HTTP_SWITCHING_PROTOCOLS && !r->connection->master &&
           speaks_http_2(r->connection);
}

bool has_body(const request_rec* r) {
    return apr_table_get(r->headers_in, "Content-Length") ||
           apr_table_get(r->headers_in, "Transfer-Encoding");
}

bool is_timed_out(const request_rec* r) {
    return r->status == HTTP_REQUEST_TIME_OUT;
}

// httpd makes this mutex when it begins to serve a request (ap_process_async_request).
bool is_malformed(const request_rec* r) {
    return ap_is_HTTP_ERROR(r->status) && !r->invoke_mtx;
}

// On HTTP/2 one reply says nothing about the connection, and a request that timed out before it
// began is no reply.
std::optional<Cause> closing_cause(request_rec* first, request_rec* last) {
    conn_rec* c = first->connection;
    if (c->master || c->keepalive == AP_CONN_KEEPALIVE) return std::nullopt;
    // What was pipelined behind it is being read already: it left the connection open.
    const request_rec* reading = connection_of(c)->reading;
    if (reading && reading != first) return std::nullopt;
    if (is_timed_out(first) && !first->the_request) return std::nullopt;
    return cause_after_reply(facts_of(first, last));
}

RequestSeen sender_of(const request_rec* r) {
    RequestSeen request;
    request.user_agent = text_of(apr_table_get(r->headers_in, "User-Agent"));
    const conn_rec* c = r->connection;
    if (r->useragent_ip != c->client_ip && text_of(r->useragent_ip) != text_of(c->client_ip))
        request.client_address = text_of(r->useragent_ip);
    request.has_via = apr_table_get(r->headers_in, "Via") != nullptr;
    return request;
}

RequestSeen request_seen(const request_rec* first, const request_rec* last) {
    const ServerConfig& config = config_of(last->server);
    RequestSeen request = sender_of(first);
    request.vhost = &config.settings;
    if (tells_version(first)) request.http = http_version_of(first);
    request.keep_alive_timeout = keep_alive_timeout_of(last);
    request.timeout = std::chrono::microseconds(last->server->timeout);
    const bool has_variables = has_client_variables(last);
    if (!has_variables || !hides_from_logs(last)) request.logs = logs_wanted_by(last, config);
    if (has_variables) {
        request.policy = client_policy_of(last);
        request.remedy = remedy_of(last);
    }
    return request;
}

}  // namespace finwait
