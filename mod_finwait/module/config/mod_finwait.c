/* SPDX-License-Identifier: Apache-2.0
 *
 * The module record and the directive table. C on purpose: <IfModule mod_finwait.c> and mod_info go
 * by this file's name, and only C checks the setters' types against the table.
 */
#include "module/config/directives.h"

static const command_rec directives[] = {
    AP_INIT_TAKE1("FinWaitEngine", finwait_set_engine, NULL, RSRC_CONF,
                  "On or Off: whether closes of this virtual host are taken over"),
    AP_INIT_TAKE1("FinWaitDrainTimeout", finwait_set_drain_timeout, NULL, RSRC_CONF,
                  "longest drain, whatever arrives"),
    AP_INIT_TAKE1("FinWaitDrainIdleTimeout", finwait_set_drain_idle_timeout, NULL, RSRC_CONF,
                  "longest time without progress during a drain"),
    AP_INIT_TAKE1("FinWaitShortDrainTimeout", finwait_set_short_drain_timeout, NULL, RSRC_CONF,
                  "longest drain after an idle keep-alive connection was closed"),
    AP_INIT_TAKE1("FinWaitDrainLimit", finwait_set_drain_limit, NULL, RSRC_CONF,
                  "most bytes discarded in a drain, with k, m or g, or 'unlimited'"),
    AP_INIT_TAKE1("FinWaitTimeout", finwait_set_timeout, NULL, RSRC_CONF,
                  "how long a socket may stay in FIN_WAIT_2 after its drain, or 'kernel'"),
    AP_INIT_TAKE1("FinWaitAckTimeout", finwait_set_ack_timeout, NULL, RSRC_CONF,
                  "longest wait for the client to acknowledge our last data and FIN, or 'kernel'"),
    AP_INIT_TAKE1("FinWaitMethod", finwait_set_method, NULL, RSRC_CONF,
                  "how to close: drain, close, solinger or reset"),
    AP_INIT_TAKE_ARGV(
        "FinWaitAuto", finwait_set_auto, NULL, RSRC_CONF,
        "Off or On, then optionally stuck=share, min=closes, requests=n and for=time: "
        "remedies for clients that leave sockets in FIN_WAIT_2"),
    AP_INIT_TAKE123(
        "FinWaitLog", finwait_add_log, NULL, RSRC_CONF,
        "a file or \"|program\" for Records, then optionally 'all' or 'stuck', and env=[!]name"),
    AP_INIT_TAKE1("FinWaitMaxHeld", finwait_set_max_held, NULL, RSRC_CONF,
                  "most sockets held at once (server only)"),
    AP_INIT_TAKE1("FinWaitLedgerSize", finwait_set_ledger_size, NULL, RSRC_CONF,
                  "most accounts of User-Agent and virtual host (server only)"),
    AP_INIT_TAKE1("FinWaitCloser", finwait_set_closer, NULL, RSRC_CONF,
                  "path of the closer's executable (server only)"),
    AP_INIT_TAKE1("FinWaitUser", finwait_set_user, NULL, RSRC_CONF,
                  "the user whose rights the closer has (server only)"),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL},
};

/* Everything else is hidden, so that no symbol of ours can meet another module's. */
__attribute__((visibility("default"))) AP_DECLARE_MODULE(finwait) = {
    STANDARD20_MODULE_STUFF,
    NULL,
    NULL,
    finwait_create_server_config,
    finwait_merge_server_config,
    directives,
    finwait_register_hooks,
    AP_MODULE_FLAG_NONE,
};
