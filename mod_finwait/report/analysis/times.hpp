// SPDX-License-Identifier: Apache-2.0
//
// Times and periods as people write them on a command line. Without a zone they are local.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace finwait::report {

using Instant = std::chrono::milliseconds;  // since the epoch

// `2026-11-22T14:00:00Z`, `2026-11-22 14:00`, `2026-11-22`, `14:00`, `2h ago`, `yesterday`,
// `today`, `now`.
[[nodiscard]] std::optional<Instant> parse_instant(std::string_view text, Instant now);

struct Period {
    std::optional<Instant> since;
    std::optional<Instant> until;
};

// `A..B` (either may be missing), or `yesterday`, `today`, or the day `2026-11-22`.
[[nodiscard]] std::optional<Period> parse_period(std::string_view text, Instant now);

}  // namespace finwait::report
