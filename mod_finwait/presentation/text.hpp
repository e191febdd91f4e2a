// SPDX-License-Identifier: Apache-2.0
//
// Numbers, times and hostile text as people read them. Pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace finwait {

// Appends `text` so that HTML can hold it in an element or in a quoted attribute: nothing in it is
// markup, what is not UTF-8 becomes U+FFFD, a control character becomes its picture (U+2400 and
// on).
void append_escaped(std::string& html, std::string_view text);
[[nodiscard]] std::string escaped(std::string_view text);

// What is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view text);

// At most `size_max` bytes, not cut within a UTF-8 character, with an ellipsis if cut.
[[nodiscard]] std::string clipped(std::string_view text, std::size_t size_max);

// A proxy by its address: "proxy 10.0.0.7".
[[nodiscard]] std::string proxy_text(std::string_view address);
// Any other client by its User-Agent; one that calls itself like a proxy is quoted.
[[nodiscard]] std::string user_agent_text(std::string_view user_agent);

[[nodiscard]] std::string grouped(std::uint64_t number);    // 15,000
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);  // 1.4 MB
[[nodiscard]] std::string seconds_text(
    double seconds);  // 320 ms, 4.2 s, 14 min, 2 h 5 min, 3 d 4 h
[[nodiscard]] std::string hex_text(std::uint64_t number);
[[nodiscard]] std::string number_text(double number);  // shortest that reads back the same
[[nodiscard]] std::string time_text(
    std::chrono::milliseconds since_epoch);  // 2026-11-22 14:03:07 UTC

}  // namespace finwait
