// SPDX-License-Identifier: Apache-2.0
#include "module/config/directives.h"

#include <apr_strings.h>
#include <pwd.h>

#include <chrono>
#include <cstring>
#include <utility>

#include "finwait/control.hpp"
#include "module/config/server_config.hpp"
#include "module/config/times.hpp"

namespace {

using finwait::config_of;
using finwait::ServerConfig;

constexpr std::uint32_t kSocketsMax = 10'000'000;

const char* refuse(cmd_parms* cmd, const char* value, const char* allowed) {
    return apr_psprintf(cmd->pool, "%s: '%s' is not %s", cmd->cmd->name, value, allowed);
}

const char* set_timeout(cmd_parms* cmd, const char* value, std::optional<std::uint32_t>& timeout) {
    const auto time = finwait::parse_timeout_ms(value);
    if (!time) return refuse(cmd, value, finwait::kTimeoutAllowed);
    timeout = *time;
    return nullptr;
}

const char* refuse_in_vhost(cmd_parms* cmd) {
    return ap_check_cmd_context(cmd, GLOBAL_ONLY);
}

// Of the server only.
const char* set_number(cmd_parms* cmd, const char* value, std::uint32_t min, std::uint32_t max,
                       const char* allowed, std::optional<std::uint32_t>& number) {
    if (const char* error = refuse_in_vhost(cmd)) return error;
    const auto parsed = finwait::parse_number(value, min, max);
    if (!parsed) return refuse(cmd, value, allowed);
    number = parsed;
    return nullptr;
}

std::optional<finwait::LogMode> parse_mode(const char* option) {
    if (option && finwait::is_word(option, "all")) return finwait::LogMode::all;
    if (option && finwait::is_word(option, "stuck")) return finwait::LogMode::stuck;
    return std::nullopt;
}

// The mode comes first, and each at most once.
const char* add_options(cmd_parms* cmd, finwait::LogDirective& log, const char* option,
                        const char* condition) {
    if (const auto mode = parse_mode(option)) {
        log.mode = *mode;
        option = std::exchange(condition, nullptr);
    }
    if (condition)
        return refuse(cmd, condition, "allowed here: all or stuck, then env=name or env=!name");
    if (!option) return nullptr;
    log.env = finwait::parse_env(option);
    return log.env ? nullptr : refuse(cmd, option, "all, stuck, env=name or env=!name");
}

const char* absolute_target(cmd_parms* cmd, const char* target) {
    return *target == '|' ? apr_pstrdup(cmd->pool, target)
                          : ap_server_root_relative(cmd->pool, target);
}

}  // namespace

const char* finwait_set_engine(cmd_parms* cmd, void*, const char* value) {
    const bool on = ap_cstr_casecmp(value, "on") == 0;
    if (!on && ap_cstr_casecmp(value, "off") != 0) return refuse(cmd, value, "On or Off");
    config_of(cmd->server).engine = on;
    return nullptr;
}

const char* finwait_set_drain_timeout(cmd_parms* cmd, void*, const char* value) {
    return set_timeout(cmd, value, config_of(cmd->server).drain_timeout_ms);
}

const char* finwait_set_drain_idle_timeout(cmd_parms* cmd, void*, const char* value) {
    return set_timeout(cmd, value, config_of(cmd->server).drain_idle_timeout_ms);
}

const char* finwait_set_short_drain_timeout(cmd_parms* cmd, void*, const char* value) {
    return set_timeout(cmd, value, config_of(cmd->server).short_drain_timeout_ms);
}

const char* finwait_set_drain_limit(cmd_parms* cmd, void*, const char* value) {
    const auto bytes = finwait::parse_bytes(value);
    if (!bytes)
        return refuse(cmd, value,
                      "'unlimited' or a number of bytes from 0 to 8589934591g (suffix k, m or g)");
    config_of(cmd->server).drain_limit_bytes = *bytes;
    return nullptr;
}

const char* finwait_set_timeout(cmd_parms* cmd, void*, const char* value) {
    const auto wait_ms = finwait::parse_wait_ms(value);
    if (!wait_ms) return refuse(cmd, value, finwait::kWaitAllowed);
    config_of(cmd->server).wait_timeout_ms = *wait_ms;
    return nullptr;
}

const char* finwait_set_ack_timeout(cmd_parms* cmd, void*, const char* value) {
    auto& timeout = config_of(cmd->server).ack_timeout_ms;
    if (finwait::is_word(value, "kernel")) {
        timeout = finwait::Policy::kAckKernel;
        return nullptr;
    }
    const auto time = finwait::parse_timeout_ms(value);
    if (!time) return refuse(cmd, value, "'kernel' or a time from 1ms to 1h");
    timeout = *time;
    return nullptr;
}

const char* finwait_set_method(cmd_parms* cmd, void*, const char* value) {
    const auto method = finwait::parse_method(value);
    if (!method) return refuse(cmd, value, finwait::kMethodAllowed);
    config_of(cmd->server).method = *method;
    return nullptr;
}

const char* finwait_add_log(cmd_parms* cmd, void*, const char* target, const char* first,
                            const char* second) {
    ServerConfig& config = config_of(cmd->server);
    if (config.log_count == config.logs.size())
        return apr_psprintf(cmd->pool,
                            "%s: '%s' is one too many: a virtual host may have at most %d logs",
                            cmd->cmd->name, target, static_cast<int>(config.logs.size()));
    finwait::LogDirective log;
    log.target = absolute_target(cmd, target);
    if (!log.target || !*target || std::strcmp(target, "|") == 0)
        return refuse(cmd, target, "a file name or \"|program\"");
    if (const char* error = add_options(cmd, log, first, second)) return error;
    config.logs[config.log_count++] = log;
    return nullptr;
}

const char* finwait_set_max_held(cmd_parms* cmd, void*, const char* value) {
    return set_number(cmd, value, 1, kSocketsMax, "a number of sockets from 1 to 10000000",
                      config_of(cmd->server).max_held);
}

const char* finwait_set_ledger_size(cmd_parms* cmd, void*, const char* value) {
    return set_number(cmd, value, 16, 65'536, "a number of accounts from 16 to 65536",
                      config_of(cmd->server).ledger_size);
}

const char* finwait_set_closer(cmd_parms* cmd, void*, const char* path) {
    if (const char* error = refuse_in_vhost(cmd)) return error;
    const char* absolute = ap_server_root_relative(cmd->pool, path);
    if (!absolute || !*path) return refuse(cmd, path, "a path");
    config_of(cmd->server).closer_path = absolute;
    return nullptr;
}

const char* finwait_set_user(cmd_parms* cmd, void*, const char* name) {
    if (const char* error = refuse_in_vhost(cmd)) return error;
    const passwd* user = ::getpwnam(name);
    if (!user || user->pw_uid == 0)
        return refuse(cmd, name, "the name of a user of this system other than root");
    config_of(cmd->server).closer_user = {user->pw_uid, user->pw_gid};
    return nullptr;
}
