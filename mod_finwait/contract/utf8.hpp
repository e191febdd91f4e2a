// SPDX-License-Identifier: Apache-2.0
//
// UTF-8 (RFC 3629) in text that may hold anything at all.
#pragma once

#include <cstddef>
#include <string_view>

namespace finwait {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

// The length of the well-formed multi-byte character `text` begins with; 0 if there is none.
// Precondition: `text` is not empty.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

// `text` cut to at most `size_max` bytes, and not within a UTF-8 character.
[[nodiscard]] std::string_view bounded(std::string_view text, std::size_t size_max);

}  // namespace finwait
