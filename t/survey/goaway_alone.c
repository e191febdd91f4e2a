// SPDX-License-Identifier: Apache-2.0
//
// A module for the survey only: it has mod_http2 send its GOAWAY, and then waits before httpd
// closes: what a client does in that time it does because of the GOAWAY, and not of close_notify or
// FIN.
#include <httpd.h>

#include <http_connection.h>
#include <http_core.h>
#include <http_protocol.h>
#include <poll.h>
#include <string.h>

enum { kWaitMs = 10000 };  // DRAIN_SECONDS of t/survey/server.py

static int wait_for_the_client(conn_rec* connection) {
    struct pollfd client = {.events = POLLRDHUP};
    if (connection->master || strcmp(ap_get_protocol(connection), "h2") != 0) return DECLINED;
    if (apr_table_get(connection->notes, __FILE__)) return DECLINED;
    apr_table_setn(connection->notes, __FILE__, "begun");
    // mod_http2 ends the chain of this hook with DONE, so that no hook comes after its own.
    ap_run_pre_close_connection(connection);
    if (apr_os_sock_get(&client.fd, ap_get_conn_socket(connection)) == APR_SUCCESS)
        poll(&client, 1, kWaitMs);
    return DONE;
}

static void register_hooks(apr_pool_t* pool) {
    (void)pool;
    ap_hook_pre_close_connection(wait_for_the_client, NULL, NULL, APR_HOOK_REALLY_FIRST);
}

__attribute__((visibility("default"))) module AP_MODULE_DECLARE_DATA goaway_alone_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, 0};
