// SPDX-License-Identifier: Apache-2.0
#include "module/connection/outgoing.hpp"

#include "module/connection/backend_url.hpp"

namespace finwait {

void note_connection(OutgoingEnds& ends, const conn_rec* c) {
    ends.note(endpoint_from(reinterpret_cast<const sockaddr*>(&c->client_addr->sa)));
}

void note_backend(OutgoingEnds& ends, const request_rec* r) {
    if (r->proxyreq == PROXYREQ_NONE || !r->filename) return;
    for (const Endpoint& end : ends_of_proxied(r->filename)) ends.note(end);
}

}  // namespace finwait
