// SPDX-License-Identifier: Apache-2.0
#include "module/parent/parent.hpp"

#include <ap_listen.h>
#include <mpm_common.h>
#include <unistd.h>
#include <unixd.h>

#include <string>

#include "finwait/control.hpp"
#include "module/config/server_config.hpp"
#include "module/guard.hpp"
#include "module/parent/closer_control.hpp"
#include "module/parent/closer_process.hpp"
#include "module/parent/deposit.hpp"
#include "module/parent/inheritance.hpp"
#include "module/parent/logs.hpp"
#include "module/parent/runtime.hpp"
#include "module/pool_new.hpp"

namespace finwait {

namespace {

using std::chrono::milliseconds;

// The first reading of the configuration at start is a rehearsal, and configtest, -S and -M never
// serve: neither may start a process.
bool will_serve() {
    return ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG &&
           ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_NORMAL;
}

void add_total(std::string& line, std::string_view name, std::uint64_t value) {
    line += ' ';
    line += name;
    line += '=';
    line += std::to_string(value);
}

std::string totals_of(const Runtime& runtime) {
    const ModuleCounters& module = *runtime.module_counters;
    const CloserCounters& closer = *runtime.closer_counters;
    std::string line;
    add_total(line, "closes", read(module.closes));
    add_total(line, "handoffs", read(module.handoffs));
    add_total(line, "ended", read(module.ended));
    for (const auto& word : kDeclines)
        add_total(line, word.name, read(module.declined[static_cast<std::size_t>(word.value)]));
    add_total(line, "records", read(closer.records));
    add_total(line, "tallied", read(closer.tallied));
    add_total(line, "unlogged", read(closer.unlogged));
    add_total(line, "dropped", read(closer.dropped));
    add_total(line, "shed", read(closer.shed));
    add_total(line, "evicted", read(closer.evicted));
    add_total(line, "lost", read(closer.lost));
    add_total(line, "bad_messages", read(closer.bad_messages));
    return line;
}

void log_totals(const Runtime& runtime) {
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, ap_server_conf, "finwait: totals:%s",
                 totals_of(runtime).c_str());
}

bool is_failure(Decline decline) {
    return decline != Decline::no_socket && decline != Decline::engine_off;
}

// Rate limit: httpd runs its monitor hook every ten seconds.
void log_declines(Runtime& runtime) {
    std::string line;
    for (const auto& word : kDeclines) {
        const auto i = static_cast<std::size_t>(word.value);
        const std::uint64_t now = read(runtime.module_counters->declined[i]);
        if (is_failure(word.value) && now != runtime.declines_logged[i])
            add_total(line, word.name, now - runtime.declines_logged[i]);
        runtime.declines_logged[i] = now;
    }
    if (line.empty()) return;
    ap_log_error(
        APLOG_MARK, APLOG_WARNING, 0, ap_server_conf,
        "finwait: closes left to httpd's own lingering close:%s (channel_full: raise sysctl "
        "net.core.wmem_max; too_many_descriptors: raise LimitNOFILE)",
        line.c_str());
}

// Only a graceful stop closes the listeners before the configuration ends. prefork then sends its
// process group, and so itself, a SIGTERM: there is_ungraceful says nothing.
bool is_graceful_stop(const Runtime& runtime) {
    if (runtime.one_process || !ap_listeners || ap_listeners->active) return false;
    return runtime.is_prefork || !runtime.mpm->is_ungraceful;
}

milliseconds grace_at_stop(const Runtime& runtime) {
    if (!is_graceful_stop(runtime)) return milliseconds(0);
    if (ap_graceful_shutdown_timeout == 0) return milliseconds(kGraceUnbounded);
    return std::chrono::seconds(ap_graceful_shutdown_timeout);
}

// As one process httpd never restarts, and ends without telling its state.
bool is_the_end(const Runtime& runtime) {
    return runtime.one_process || ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_EXITING;
}

// The end of a configuration: a restart, or the server's end.
apr_status_t on_pconf_cleanup(void* data) {
    auto& runtime = *static_cast<Runtime*>(data);
    if (runtime.parent != ::getpid()) return APR_SUCCESS;
    return guarded("ending a configuration", APR_EGENERAL, [&]() -> apr_status_t {
        relay_notices(runtime);
        if (is_the_end(runtime)) {
            stop_closers(runtime, grace_at_stop(runtime));
            close_all_logs(runtime);
        }
        log_totals(runtime);
        if (!is_the_end(runtime)) lay_down(runtime);
        return APR_SUCCESS;
    });
}

// A virtual host without a directive of ours shares the main server's configuration
// (server/config.c, ap_merge_server_configs), but not its name.
ServerConfig& own_config(server_rec* server, server_rec* main_server, apr_pool_t* pconf) {
    ServerConfig& config = config_of(server);
    if (server == main_server || &config != &config_of(main_server)) return config;
    auto* copy = pool_new<ServerConfig>(pconf, config);
    ap_set_module_config(server->module_config, &finwait_module, copy);
    return *copy;
}

void settle_all(Runtime& runtime, server_rec* main_server, apr_pool_t* pconf) {
    for (server_rec* server = main_server; server; server = server->next) {
        ServerConfig& config = own_config(server, main_server, pconf);
        settle(config, server);
        config.runtime = &runtime;
    }
    const ServerConfig& main_config = config_of(main_server);
    runtime.max_held = main_config.max_held.value_or(ServerConfig::kMaxHeldDefault);
    runtime.ledger_size = main_config.ledger_size.value_or(ServerConfig::kLedgerSizeDefault);
}

int prepare(server_rec* main_server, apr_pool_t* pconf) {
    if (!will_serve()) return OK;
    Runtime* runtime = runtime_of(main_server);
    if (!runtime) return OK;
    runtime->parent = ::getpid();
    // As the MPMs ask it: -X defines DEBUG.
    runtime->one_process =
        ap_exists_config_define("DEBUG") != 0 || ap_exists_config_define("ONE_PROCESS") != 0;
    // Asked now: at the end the hooks are gone before pconf is cleaned up.
    runtime->is_prefork = ap_show_mpm() == name_of(Mpm::prefork);
    // Kept, because at the end httpd's own pointer to it is forgotten before pconf is cleaned up
    // (os/unix/unixd.c, retained_data_cleanup).
    runtime->mpm = ap_unixd_mpm_get_retained_data();
    open_logs(*runtime, main_server, pconf);
    settle_all(*runtime, main_server, pconf);
    apr_pool_cleanup_register(pconf, runtime, on_pconf_cleanup, apr_pool_cleanup_null);
    protect_from_children(*runtime);
    run_closer(*runtime, pconf);
    tell_logs_closed(*runtime, close_unused_logs(*runtime));
    return OK;
}

}  // namespace

int on_post_config(apr_pool_t* pconf, apr_pool_t*, apr_pool_t*, server_rec* main_server) {
    return guarded("post_config", OK, [&] { return prepare(main_server, pconf); });
}

int on_monitor(apr_pool_t*, server_rec* main_server) {
    return guarded("monitor", OK, [&] {
        if (Runtime* runtime = config_of(main_server).runtime) {
            relay_notices(*runtime);
            log_declines(*runtime);
            look_after_closers(*runtime, main_server->process->pconf);
        }
        return OK;
    });
}

}  // namespace finwait
