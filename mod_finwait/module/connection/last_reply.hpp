// SPDX-License-Identifier: Apache-2.0
//
// The end of the last reply and our FIN, in one segment: one less to send, to acknowledge and to
// wake the client for. On plain HTTP/1 nothing is written after the reply, so the FIN follows it at
// once; on TLS and h2 the goodbye is joined to it. HAProxy (MSG_MORE) and nginx (tcp_nopush) do the
// same.
#pragma once

#include "module/connection/connection.hpp"

namespace finwait {

[[nodiscard]] bool holds(const apr_bucket_brigade* brigade, const apr_bucket_type_t& type);

// Of a brigade on its way to the network. Where it ends the last reply of a plain connection, what
// does not fill a segment waits for half_close_after_last_reply().
void watch_for_last_reply(Connection& connection, const apr_bucket_brigade* brigade);

// The first thing when a request is logged: what comes after may take long (log programs, the
// request's cleanups). All of the reply is in the kernel then. The half-close, unless the virtual
// host does without us or the client has closed: then what waited is sent, and all is as without
// us.
void half_close_after_last_reply(Connection& connection, const request_rec* r);

// Before close_notify and GOAWAY, which the take-over's half-close follows.
void join_goodbye_to_fin(const Connection& connection);

}  // namespace finwait
