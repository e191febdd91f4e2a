// SPDX-License-Identifier: Apache-2.0
//
// The values of directives that httpd has no parser for. Pure; no httpd, no APR.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "finwait/words.hpp"

namespace finwait {

inline constexpr std::uint64_t kUnlimitedBytes = UINT64_MAX;

// `value` is `word`, which is in small letters, in any case.
[[nodiscard]] bool is_word(std::string_view value, std::string_view word);

// "unlimited", or digits with an optional k, m or g (any case; powers of 1024). Nothing if it is
// neither or does not fit in 63 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view value);

// Nothing but digits, from min to max.
[[nodiscard]] std::optional<std::uint32_t> parse_number(std::string_view value, std::uint32_t min,
                                                        std::uint32_t max);

// A whole number from 1 to 100, with a percent sign or without.
[[nodiscard]] std::optional<std::uint8_t> parse_percent(std::string_view value);

inline constexpr char kMethodAllowed[] = "'drain', 'close', 'solinger' or 'reset'";
[[nodiscard]] std::optional<Method> parse_method(std::string_view value);

// "env=name" or "env=!name", as CustomLog takes it.
struct EnvCondition {
    std::string_view name;
    bool negated = false;

    bool operator==(const EnvCondition&) const = default;
};

[[nodiscard]] std::optional<EnvCondition> parse_env(std::string_view value);

}  // namespace finwait
