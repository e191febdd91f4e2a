// SPDX-License-Identifier: Apache-2.0
//
// The columns of an answer: a tally's keys, so that the engine answers in the log's own language.
// The engine's own columns are those of conf/fleet/clickhouse/schema.sql.
#pragma once

#include <string>
#include <string_view>

namespace finwait::report {

// Beside a tally's: see Summed.
namespace fleet_key {
inline constexpr std::string_view kIsTally = "finwait.tally.is_tally";
inline constexpr std::string_view kLeftOut = "finwait.tally.left_out";
inline constexpr std::string_view kStuckCause = "finwait.tally.stuck_cause.";
}  // namespace fleet_key

[[nodiscard]] std::string column(std::string_view expression, std::string_view key);

// All counts, each with a comma behind it: of Records, of tallies, of the sums by hour.
[[nodiscard]] std::string counts_of_records();
[[nodiscard]] std::string counts_of_tallies();
[[nodiscard]] std::string counts_of_hours();

// When the first and the last close were, from expressions for milliseconds since the epoch.
[[nodiscard]] std::string span_columns(std::string_view first_ms, std::string_view last_ms);

}  // namespace finwait::report
