// SPDX-License-Identifier: Apache-2.0
//
// A connection's memory of its client, and the hooks that feed it.
#pragma once

#include <chrono>
#include <optional>

#include "contract/tcp_socket.hpp"
#include "module/connection/client_note.hpp"
#include "module/httpd.hpp"

namespace finwait {

struct Runtime;

// The socket before mod_ssl and mod_http2 say goodbye: many clients answer that at once, and then
// it can no longer be told who went first.
struct BeforeGoodbye {
    Peek peek = Peek::nothing;
    bool aborted = false;              // httpd could not write
    bool answering = false;            // HTTP/2 has streams; mod_http2\'s goodbye ends them
    std::optional<Received> received;  // nothing: the client has gone
    std::chrono::nanoseconds at{};
};

// In c->pool, from pre_connection to the pool's end. All but `client` belongs to the thread that
// the MPM has serve the connection.
struct Connection {
    conn_rec* c = nullptr;
    Runtime* runtime = nullptr;
    ClientNote client;
    TlsVersion tls = TlsVersion::none;  // learnt at the close, before mod_ssl says goodbye
    bool http_2 = false;
    bool http_2_error = false;  // mod_http2 has said so to the client
    std::optional<BeforeGoodbye> before_goodbye;
    std::optional<Peek> gone;  // how, once a peek has said that the client is
    // HTTP/1: the request that is being read or answered. Only to compare with: httpd may have
    // freed it.
    const request_rec* reading = nullptr;
    bool cut_off = false;             // of the request the client sent a part and its FIN
    bool has_two_lengths = false;     // the request has: httpd will not read another
    bool holds_segment = false;       // what does not fill a segment waits for our FIN
    bool last_request_ended = false;  // its End-Of-Request bucket has passed
    // Half-closed at the end of the last reply, before the connection's own: how it was just
    // before.
    std::optional<Peek> half_closed;
    // Just before our FIN, which the client may see and answer before shutdown() returns here.
    std::optional<std::chrono::nanoseconds> fin_at;
    bool is_untold = false;  // our FIN is sent, and no message tells of it
    bool closing = false;    // pre_close_connection has run
    bool accounted = false;  // this close has been counted, once and for all
};

// On HTTP/2 each request has a secondary connection.
[[nodiscard]] conn_rec* primary_of(const request_rec* r);

// Null where the connection is none of ours: a secondary h2 connection, one to a backend, or no
// closer configured.
[[nodiscard]] Connection* connection_of(conn_rec* c);

// As far as its own head tells, and the requests before it on its connection.
[[nodiscard]] bool came_through_proxy(const request_rec* r);

[[nodiscard]] TlsVersion tls_version_of(conn_rec* c);
[[nodiscard]] bool speaks_http_2(conn_rec* c);

int on_pre_connection(conn_rec* c, void* csd);
void on_pre_read_request(request_rec* r, conn_rec* c);

// Applies a learnt remedy, also after an internal redirect, which begins with an environment of its
// own. And with the first request learns what can't wait: mod_proxy's tunnel says goodbye by
// itself, and mod_ssl knows nothing any more when it ends; an HTTP/2 client may leave before any
// request is logged.
int on_post_read_request(request_rec* r);

// Before an error page: a client that is gone by now has cut its request off. Later it may have
// answered the reply.
void on_insert_error_filter(request_rec* r);
int on_log_transaction(request_rec* r);

// This process is not to take new requests: its MPM stops, or its generation is no longer the
// running one.
[[nodiscard]] bool is_stopping();

}  // namespace finwait
