// SPDX-License-Identifier: Apache-2.0
#include "module/config/check_config.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <span>
#include <string>
#include <utility>

#include "module/config/server_config.hpp"
#include "module/guard.hpp"

namespace finwait {

namespace {

using NamedLogs = std::set<std::pair<LogMode, std::string>>;

NamedLogs logs_of(const server_rec* main_server) {
    NamedLogs logs;
    for (const server_rec* server = main_server; server; server = server->next) {
        const ServerConfig& config = config_of(server);
        for (const LogDirective& log : std::span(config.logs).first(config.log_count))
            logs.emplace(log.mode, log.target);
    }
    return logs;
}

bool has_too_many(const NamedLogs& logs) {
    if (logs.size() <= kLogsMax) return false;
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, nullptr,
                 "FinWaitLog: %d different logs are named, a configuration may name at most %d",
                 static_cast<int>(logs.size()), static_cast<int>(kLogsMax));
    return true;
}

// As stock httpd, which says of a CustomLog's folder nothing before it starts: no failure.
void warn_of_missing_folders(const NamedLogs& logs) {
    for (const auto& [mode, target] : logs) {
        const auto slash = target.rfind('/');
        if (target[0] == '|' || slash == std::string::npos || slash == 0) continue;
        struct stat folder {};
        if (::stat(target.substr(0, slash).c_str(), &folder) == 0 && S_ISDIR(folder.st_mode))
            continue;
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, nullptr,
                     "FinWaitLog: '%s' cannot be opened, its folder is missing: its Records would "
                     "be dropped",
                     target.c_str());
    }
}

bool has_no_closer(const server_rec* main_server) {
    const char* path = closer_path(main_server);
    struct stat file {};
    if (::stat(path, &file) == 0 && S_ISREG(file.st_mode) && ::access(path, X_OK) == 0)
        return false;
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, nullptr,
                 "FinWaitCloser: '%s' is not a file that can be executed", path);
    return true;
}

}  // namespace

int on_check_config(apr_pool_t*, apr_pool_t*, apr_pool_t*, server_rec* main_server) {
    if (ap_state_query(AP_SQ_RUN_MODE) != AP_SQ_RM_CONFIG_TEST) return OK;
    return guarded("check_config", OK, [&] {
        const NamedLogs logs = logs_of(main_server);
        warn_of_missing_folders(logs);
        const bool too_many = has_too_many(logs);
        const bool no_closer = has_no_closer(main_server);  // each tells of itself
        return too_many || no_closer ? HTTP_INTERNAL_SERVER_ERROR : OK;
    });
}

}  // namespace finwait
