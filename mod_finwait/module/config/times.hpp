// SPDX-License-Identifier: Apache-2.0
//
// The times of directives and environment variables, by httpd's own parser: a bare number is
// seconds. Each with what to say of a value that is none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace finwait {

[[nodiscard]] std::optional<std::chrono::milliseconds> parse_time(const char* value);

inline constexpr char kTimeoutAllowed[] =
    "a time from 1ms to 1h (ms, s, mi or h; a bare number is seconds)";
[[nodiscard]] std::optional<std::uint32_t> parse_timeout_ms(const char* value);

// As Policy::wait_timeout_ms.
inline constexpr char kWaitAllowed[] = "'kernel', 0, or a time from 1ms to 1h";
[[nodiscard]] std::optional<std::uint32_t> parse_wait_ms(const char* value);

}  // namespace finwait
