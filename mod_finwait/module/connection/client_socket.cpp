// SPDX-License-Identifier: Apache-2.0
#include "module/connection/client_socket.hpp"

#include <ap_listen.h>
#include <apr_portable.h>
#include <http_core.h>

#include "module/connection/cause.hpp"

namespace finwait {

namespace {

// What TCP's listener accepts is TCP, so that one look at the listeners answers for all. (MPTCP's
// accepts both.)
bool every_listener_speaks_tcp() {
    static const bool answer = [] {
        for (const ap_listen_rec* listener = ap_listeners; listener; listener = listener->next)
            if (!speaks_tcp(descriptor_of(listener->sd))) return false;
        return true;
    }();
    return answer;
}

}  // namespace

bool is_tcp(apr_socket_t* socket) {
    int protocol = 0;
    if (!socket || apr_socket_protocol_get(socket, &protocol) != APR_SUCCESS) return false;
    if (protocol != 0 && protocol != APR_PROTO_TCP) return false;
    const int descriptor = descriptor_of(socket);
    return descriptor < 0 || every_listener_speaks_tcp() || speaks_tcp(descriptor);
}

int descriptor_of(apr_socket_t* socket) {
    apr_os_sock_t descriptor = -1;
    return socket && apr_os_sock_get(&descriptor, socket) == APR_SUCCESS ? descriptor : -1;
}

int tcp_descriptor_of(conn_rec* c) {
    apr_socket_t* socket = ap_get_conn_socket(c);
    return is_tcp(socket) ? descriptor_of(socket) : -1;
}

Peek peek_of(Connection& connection, int socket) {
    if (connection.gone) return *connection.gone;
    Peek peek = peek_at(socket);
    if (!client_went_first(peek) && connection.c->aborted && is_closed(socket)) peek = Peek::closed;
    if (client_went_first(peek)) connection.gone = peek;
    return peek;
}

}  // namespace finwait
