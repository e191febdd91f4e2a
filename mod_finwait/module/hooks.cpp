// SPDX-License-Identifier: Apache-2.0
//
// Start reading here: every hook, in the order in which a server meets them.
#include <http_protocol.h>
#include <http_request.h>
#include <mpm_common.h>

#include "module/config/check_config.hpp"
#include "module/config/directives.h"
#include "module/config/server_config.hpp"
#include "module/connection/connection.hpp"
#include "module/connection/outgoing.hpp"
#include "module/connection/take_over.hpp"
#include "module/guard.hpp"
#include "module/parent/inheritance.hpp"
#include "module/parent/parent.hpp"
#include "module/status/status_handler.hpp"

namespace {

void on_child_init(apr_pool_t*, server_rec* server) {
    finwait::Runtime* runtime = finwait::config_of(server).runtime;
    if (runtime && !finwait::take_inheritance(*runtime))
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server,
                     "finwait: this child was given no channel: its closes are left to httpd's own "
                     "lingering close");
}

}  // namespace

void finwait_register_hooks(apr_pool_t*) {
    finwait::protect_from_children_again();

    ap_hook_check_config(finwait::on_check_config, nullptr, nullptr, APR_HOOK_MIDDLE);
    // Last, so that ServerName, User and Group and what other modules settle in post_config is
    // known.
    ap_hook_post_config(finwait::on_post_config, nullptr, nullptr, APR_HOOK_REALLY_LAST);
    ap_hook_monitor(finwait::on_monitor, nullptr, nullptr, APR_HOOK_MIDDLE);
    // First in the parent, so that no other module's hook keeps the child waiting for it.
    ap_hook_child_status(finwait::on_child_status, nullptr, nullptr, APR_HOOK_REALLY_FIRST);
    ap_hook_child_init(on_child_init, nullptr, nullptr, APR_HOOK_MIDDLE);

    ap_hook_handler(finwait::on_status_request, nullptr, nullptr, APR_HOOK_MIDDLE);
    finwait::hook_into_mod_status();
    finwait::hook_into_mod_proxy();

    ap_hook_pre_connection(finwait::on_pre_connection, nullptr, nullptr, APR_HOOK_LAST);
    ap_hook_pre_read_request(finwait::on_pre_read_request, nullptr, nullptr, APR_HOOK_MIDDLE);
    // Last: mod_remoteip and mod_setenvif have said what they know of the client.
    ap_hook_post_read_request(finwait::on_post_read_request, nullptr, nullptr, APR_HOOK_LAST);
    ap_hook_insert_error_filter(finwait::on_insert_error_filter, nullptr, nullptr, APR_HOOK_MIDDLE);
    // First: a module that answers other than OK or DECLINED would hide the request from us.
    ap_hook_log_transaction(finwait::on_log_transaction, nullptr, nullptr, APR_HOOK_REALLY_FIRST);

    // Only marks. mod_http2's hook is APR_HOOK_LAST and ends the chain with DONE, so a later one
    // never runs on h2, and an earlier one runs before its GOAWAY (modules/http2/h2_c1.c:206-215).
    ap_hook_pre_close_connection(finwait::on_pre_close_connection, nullptr, nullptr,
                                 APR_HOOK_REALLY_FIRST);
    finwait::register_take_over_filter();
}
