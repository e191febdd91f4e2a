// SPDX-License-Identifier: Apache-2.0
#include "module/connection/client_variables.hpp"

#include <strings.h>

#include <algorithm>
#include <atomic>
#include <span>
#include <string_view>

#include "module/config/times.hpp"
#include "module/config/values.hpp"

namespace finwait {

namespace {

// What may come from anywhere is not repeated at any length.
constexpr int kShownMax = 64;

constexpr std::string_view kPrefix = "finwait-";

void tell_once(std::atomic_flag& was_told, const request_rec* r, const char* name,
               const char* value, const char* allowed) {
    if (was_told.test_and_set()) return;
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                  "finwait: environment variable %s: '%.*s' is not %s: it is ignored, here and "
                  "wherever else it is wrong",
                  name, kShownMax, value, allowed);
}

template <auto parse>
auto value_of(const request_rec* r, const char* name, const char* allowed,
              std::atomic_flag& was_told) -> decltype(parse(name)) {
    const char* text = apr_table_get(r->subprocess_env, name);
    if (!text) return std::nullopt;
    const auto value = parse(text);
    if (!value) tell_once(was_told, r, name, text, allowed);
    return value;
}

}  // namespace

bool has_client_variables(const request_rec* r) {
    const apr_array_header_t* table = apr_table_elts(r->subprocess_env);
    const std::span entries(reinterpret_cast<const apr_table_entry_t*>(table->elts),
                            static_cast<std::size_t>(table->nelts));
    return std::ranges::any_of(entries, [](const apr_table_entry_t& entry) {
        return entry.key && (entry.key[0] | 0x20) == kPrefix[0] &&
               strncasecmp(entry.key, kPrefix.data(), kPrefix.size()) == 0;
    });
}

ClientPolicy client_policy_of(const request_rec* r) {
    static std::atomic_flag told_drain, told_idle, told_timeout, told_method;
    return {value_of<parse_timeout_ms>(r, "finwait-drain", kTimeoutAllowed, told_drain),
            value_of<parse_timeout_ms>(r, "finwait-idle", kTimeoutAllowed, told_idle),
            value_of<parse_wait_ms>(r, "finwait-timeout", kWaitAllowed, told_timeout),
            value_of<parse_method>(r, "finwait-method", kMethodAllowed, told_method)};
}

bool hides_from_logs(const request_rec* r) {
    return apr_table_get(r->subprocess_env, "finwait-nolog") != nullptr;
}

}  // namespace finwait
