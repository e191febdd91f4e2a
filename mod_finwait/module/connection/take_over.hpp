// SPDX-License-Identifier: Apache-2.0
//
// The take-over of a close, at the End-Of-Connection bucket: by then everything is in the kernel,
// GOAWAY and close_notify included. Whatever goes wrong leaves the connection as it was, and httpd
// closes it as it always did.
#pragma once

#include "module/connection/connection.hpp"

namespace finwait {

// Registered once per load of the module, before any connection.
void register_take_over_filter();

// At the beginning of each connection.
void add_take_over_filter(Connection& connection);

// Marks the connection as closing.
int on_pre_close_connection(conn_rec* c);

// For a close at which no End-Of-Connection bucket passed: the connection's pool is going.
void account_without_goodbye(Connection& connection);

}  // namespace finwait
