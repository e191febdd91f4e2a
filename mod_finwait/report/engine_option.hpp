// SPDX-License-Identifier: Apache-2.0
//
// Where a fleet's engine is, and who asks it.
#pragma once

#include "report/command_line.hpp"
#include "report/input/clickhouse.hpp"

namespace finwait::report {

inline constexpr char kPasswordVariable[] = "FINWAIT_CLICKHOUSE_PASSWORD";

// The user is the URL's, the password the file's or the environment's: what stands in a URL is seen
// by all who may list processes. Throws UsageError.
[[nodiscard]] Engine engine_from(const CommandLine& line);

}  // namespace finwait::report
