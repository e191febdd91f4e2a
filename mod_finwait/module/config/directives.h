/* SPDX-License-Identifier: Apache-2.0
 *
 * What mod_finwait.c takes from the C++ side: a setter per directive, the making and merging of a
 * server's configuration, and the hooks. In C, so that the compiler checks each setter's signature
 * against the directive table. Setters return NULL or one sentence naming the directive, the value
 * and the allowed range, from cmd->pool.
 */
#ifndef FINWAIT_DIRECTIVES_H
#define FINWAIT_DIRECTIVES_H

#include <httpd.h>

#include <http_config.h>

#ifdef __cplusplus
extern "C" {
#endif

void* finwait_create_server_config(apr_pool_t* pool, server_rec* server);
void* finwait_merge_server_config(apr_pool_t* pool, void* base, void* overrides);

const char* finwait_set_engine(cmd_parms* cmd, void* dir, const char* value);
const char* finwait_set_drain_timeout(cmd_parms* cmd, void* dir, const char* value);
const char* finwait_set_drain_idle_timeout(cmd_parms* cmd, void* dir, const char* value);
const char* finwait_set_short_drain_timeout(cmd_parms* cmd, void* dir, const char* value);
const char* finwait_set_drain_limit(cmd_parms* cmd, void* dir, const char* value);
const char* finwait_set_timeout(cmd_parms* cmd, void* dir, const char* value);
const char* finwait_set_ack_timeout(cmd_parms* cmd, void* dir, const char* value);
const char* finwait_set_method(cmd_parms* cmd, void* dir, const char* value);
const char* finwait_set_auto(cmd_parms* cmd, void* dir, int argc, char* const argv[]);
const char* finwait_add_log(cmd_parms* cmd, void* dir, const char* target, const char* first,
                            const char* second);
const char* finwait_set_max_held(cmd_parms* cmd, void* dir, const char* value);
const char* finwait_set_ledger_size(cmd_parms* cmd, void* dir, const char* value);
const char* finwait_set_closer(cmd_parms* cmd, void* dir, const char* path);
const char* finwait_set_user(cmd_parms* cmd, void* dir, const char* name);

void finwait_register_hooks(apr_pool_t* pool);

#ifdef __cplusplus
}
#endif

#endif
