// SPDX-License-Identifier: Apache-2.0
#include "module/config/times.hpp"

#include <apr_lib.h>
#include <httpd.h>

#include "finwait/handoff.hpp"
#include "module/config/values.hpp"

namespace finwait {

using std::chrono::milliseconds;

std::optional<milliseconds> parse_time(const char* value) {
    apr_interval_time_t time = 0;
    if (!apr_isdigit(*value) || ap_timeout_parameter_parse(value, &time, "s") != APR_SUCCESS)
        return std::nullopt;
    return milliseconds((time + 999) / 1000);  // never shorter than asked for
}

std::optional<std::uint32_t> parse_timeout_ms(const char* value) {
    const auto time = parse_time(value);
    if (!time || time->count() < 1 || *time > kTimeoutMax) return std::nullopt;
    return static_cast<std::uint32_t>(time->count());
}

std::optional<std::uint32_t> parse_wait_ms(const char* value) {
    if (is_word(value, "kernel")) return Policy::kWaitKernel;
    const auto time = parse_time(value);
    if (!time || *time > kTimeoutMax) return std::nullopt;
    return static_cast<std::uint32_t>(time->count());
}

}  // namespace finwait
