// SPDX-License-Identifier: Apache-2.0
#include "module/config/times.hpp"

#include <apr_lib.h>
#include <httpd.h>

#include "finwait/handoff.hpp"
#include "module/config/values.hpp"

namespace finwait {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Above 60 s the kernel's orphan arithmetic doubles the rest (net/ipv4/tcp.c, __tcp_close()).
constexpr milliseconds kLinger2Max = seconds(60);

}  // namespace

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

std::optional<std::uint8_t> parse_linger2_s(const char* value) {
    if (is_word(value, "kernel")) return Policy::kLinger2Kernel;
    const auto time = parse_time(value);
    const bool in_range =
        time && (time->count() == 0 || (*time >= seconds(1) && *time <= kLinger2Max));
    if (!in_range) return std::nullopt;
    return static_cast<std::uint8_t>(std::chrono::ceil<seconds>(*time).count());
}

}  // namespace finwait
