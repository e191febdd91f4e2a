// SPDX-License-Identifier: Apache-2.0
//
// The status page as one JSON object; docs/status.md names its members.
#pragma once

#include <string>

#include "closer/status/view.hpp"

namespace finwait {

// Raised whenever a member goes or changes its meaning; a new member does not raise it.
inline constexpr int kStatusJsonVersion = 1;

// Valid UTF-8 whatever clients sent: what is not becomes U+FFFD.
[[nodiscard]] std::string render_json(const StatusView& view);

}  // namespace finwait
