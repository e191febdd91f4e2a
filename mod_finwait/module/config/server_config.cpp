// SPDX-License-Identifier: Apache-2.0
#include "module/config/server_config.hpp"

#include <span>

#include "contract/utf8.hpp"
#include "module/config/directives.h"
#include "module/pool_new.hpp"

namespace finwait {

namespace {

template <typename T>
void inherit(std::optional<T>& value, const std::optional<T>& base) {
    if (!value) value = base;
}

}  // namespace

ServerConfig& config_of(const server_rec* server) {
    return *static_cast<ServerConfig*>(
        ap_get_module_config(server->module_config, &finwait_module));
}

const char* closer_path(const server_rec* main_server) {
    const char* configured = config_of(main_server).closer_path;
    return configured ? configured : FINWAIT_CLOSER_PATH;
}

void settle(ServerConfig& config, const server_rec* server) {
    const Policy defaults;
    VhostSettings& settings = config.settings;
    settings = VhostSettings{};
    settings.engine = config.engine.value_or(settings.engine);
    settings.policy.drain_timeout_ms = config.drain_timeout_ms.value_or(defaults.drain_timeout_ms);
    settings.policy.drain_idle_timeout_ms =
        config.drain_idle_timeout_ms.value_or(defaults.drain_idle_timeout_ms);
    settings.policy.drain_limit_bytes =
        config.drain_limit_bytes.value_or(defaults.drain_limit_bytes);
    settings.policy.wait_timeout_ms = config.wait_timeout_ms.value_or(defaults.wait_timeout_ms);
    settings.policy.ack_timeout_ms = config.ack_timeout_ms.value_or(defaults.ack_timeout_ms);
    settings.policy.method = config.method.value_or(defaults.method);
    settings.short_drain_timeout_ms =
        config.short_drain_timeout_ms.value_or(settings.short_drain_timeout_ms);
    settings.auto_rule = config.auto_rule.value_or(std::nullopt);
    if (server->server_hostname) settings.name = bounded(server->server_hostname, kVhostMax);
    for (const LogDirective& log : std::span(config.logs).first(config.log_count))
        if (!log.env || log.env->negated) settings.logs.ids[settings.logs.count++] = log.id;
}

}  // namespace finwait

void* finwait_create_server_config(apr_pool_t* pool, server_rec*) {
    return finwait::pool_new<finwait::ServerConfig>(pool);
}

void* finwait_merge_server_config(apr_pool_t* pool, void* base_data, void* overrides_data) {
    const auto& base = *static_cast<finwait::ServerConfig*>(base_data);
    auto& merged = *finwait::pool_new<finwait::ServerConfig>(
        pool, *static_cast<finwait::ServerConfig*>(overrides_data));
    finwait::inherit(merged.engine, base.engine);
    finwait::inherit(merged.drain_timeout_ms, base.drain_timeout_ms);
    finwait::inherit(merged.drain_idle_timeout_ms, base.drain_idle_timeout_ms);
    finwait::inherit(merged.short_drain_timeout_ms, base.short_drain_timeout_ms);
    finwait::inherit(merged.drain_limit_bytes, base.drain_limit_bytes);
    finwait::inherit(merged.wait_timeout_ms, base.wait_timeout_ms);
    finwait::inherit(merged.ack_timeout_ms, base.ack_timeout_ms);
    finwait::inherit(merged.method, base.method);
    finwait::inherit(merged.auto_rule, base.auto_rule);
    if (merged.log_count == 0) {
        merged.logs = base.logs;
        merged.log_count = base.log_count;
    }
    return &merged;
}
