// SPDX-License-Identifier: Apache-2.0
//
// Reads a time in exactly the form JsonLine writes it.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

namespace finwait {

// `shape` has a 0 wherever a digit may stand.
inline bool has_shape(std::string_view text, std::string_view shape) {
    return std::equal(text.begin(), text.end(), shape.begin(), shape.end(), [](char c, char like) {
        return like == '0' ? c >= '0' && c <= '9' : c == like;
    });
}

// Milliseconds since the epoch of `2026-11-22T09:40:22.007Z`.
inline std::optional<std::chrono::milliseconds> parse_time(std::string_view text) {
    if (!has_shape(text, "0000-00-00T00:00:00.000Z")) return std::nullopt;
    const auto number = [&](std::size_t at, std::size_t length) {
        int value = 0;
        for (const char digit : text.substr(at, length)) value = value * 10 + (digit - '0');
        return value;
    };
    const std::chrono::year_month_day date{std::chrono::year{number(0, 4)},
                                           std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                           std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    return std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{hour} +
           std::chrono::minutes{minute} + std::chrono::seconds{second} +
           std::chrono::milliseconds{number(20, 3)};
}

}  // namespace finwait
