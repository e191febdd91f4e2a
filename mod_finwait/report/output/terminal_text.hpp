// SPDX-License-Identifier: Apache-2.0
//
// Text that a client chose, made harmless for a terminal: no control character, nothing that turns
// the direction of writing, nothing that is not UTF-8 reaches it.
#pragma once

#include <string>
#include <string_view>

namespace finwait::report {

// Control characters and their like become `\x1b` or `\u202e`.
[[nodiscard]] std::string terminal_text(std::string_view text);

// Columns it takes. Precondition for all below: terminal_text() made it.
[[nodiscard]] std::size_t columns_of(std::string_view text);
// At most so wide, with an ellipsis if it was cut.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t columns_max);
// Exactly so wide.
[[nodiscard]] std::string left(std::string_view text, std::size_t columns);
[[nodiscard]] std::string right(std::string_view text, std::size_t columns);
// In lines of at most so many columns, cut between words where that is possible.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t columns_max);

}  // namespace finwait::report
