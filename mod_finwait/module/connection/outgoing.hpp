// SPDX-License-Identifier: Apache-2.0
//
// Notes where httpd itself connects to: the backends that no configuration names. Any thread.
#pragma once

#include "finwait/outgoing_ends.hpp"
#include "module/httpd.hpp"

namespace finwait {

// At its pre_connection (HTTP, HTTP/2, WebSocket, CONNECT, FTP, uwsgi).
void note_connection(OutgoingEnds& ends, const conn_rec* c);
// When a request that went to a backend is logged.
void note_backend(OutgoingEnds& ends, const request_rec* r);

}  // namespace finwait
