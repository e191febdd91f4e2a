// SPDX-License-Identifier: Apache-2.0
//
// The client's socket of a connection of httpd's.
#pragma once

#include <apr_network_io.h>

#include "contract/tcp_socket.hpp"
#include "module/connection/connection.hpp"
#include "module/httpd.hpp"

namespace finwait {

// A listener may speak SCTP, or MPTCP, which APR takes for TCP; mpm_itk takes the socket away
// (null).
[[nodiscard]] bool is_tcp(apr_socket_t* socket);

// -1 once httpd has closed it.
[[nodiscard]] int descriptor_of(apr_socket_t* socket);

// -1 if there is none, or not TCP's.
[[nodiscard]] int tcp_descriptor_of(conn_rec* c);

// Once the client has gone that stands: the kernel tells how only once. Only where httpd could not
// write may a RST be hidden behind unread bytes, and is asked for.
[[nodiscard]] Peek peek_of(Connection& connection, int socket);

}  // namespace finwait
