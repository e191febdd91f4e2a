// SPDX-License-Identifier: Apache-2.0
//
// The directives of one server or virtual host as written. Made while the configuration is read, in
// pconf, by the parent; after post_config it is read-only and shared by all threads.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>

#include "finwait/control.hpp"
#include "module/config/values.hpp"
#include "module/config/vhost_settings.hpp"
#include "module/httpd.hpp"

namespace finwait {

struct Runtime;

inline constexpr std::size_t kLogsMax = 1000;        // different logs in one configuration
inline constexpr std::uint16_t kNoLog = UINT16_MAX;  // never open: what names it is dropped

struct LogDirective {
    const char* target = nullptr;  // absolute file name, or "|program"
    LogMode mode = LogMode::all;
    std::optional<EnvCondition> env;
    std::uint16_t id = kNoLog;  // given in post_config
};

struct CloserUser {
    uid_t uid;
    gid_t gid;
};

struct ServerConfig {
    static constexpr std::uint32_t kMaxHeldDefault = 100'000;
    static constexpr std::uint32_t kLedgerSizeDefault = 1024;

    std::optional<bool> engine;
    std::optional<std::uint32_t> drain_timeout_ms;
    std::optional<std::uint32_t> drain_idle_timeout_ms;
    std::optional<std::uint32_t> short_drain_timeout_ms;
    std::optional<std::uint64_t> drain_limit_bytes;
    std::optional<std::uint32_t> wait_timeout_ms;
    std::optional<std::uint32_t> ack_timeout_ms;
    std::optional<Method> method;
    std::optional<std::optional<AutoRule>> auto_rule;  // Off: has none
    std::array<LogDirective, kLogsPerVhostMax> logs;
    std::uint8_t log_count = 0;
    // Of the main server only.
    std::optional<std::uint32_t> max_held;
    std::optional<std::uint32_t> ledger_size;
    const char* closer_path = nullptr;
    std::optional<CloserUser> closer_user;  // nothing: the server's User and Group

    // Filled in by post_config; runtime stays null where no closer is to run.
    VhostSettings settings;
    Runtime* runtime = nullptr;
};

[[nodiscard]] ServerConfig& config_of(const server_rec* server);

// FinWaitCloser, or where it was installed.
[[nodiscard]] const char* closer_path(const server_rec* main_server);

// Fills in `settings` from the merged directives.
void settle(ServerConfig& config, const server_rec* server);

}  // namespace finwait
