// SPDX-License-Identifier: Apache-2.0
//
// What finwait-report can be told to do. What people and programs want goes to the standard output,
// what went wrong to the standard error. Each throws UsageError.
#pragma once

#include "report/options.hpp"

namespace finwait::report {

[[nodiscard]] Exit report_command(const Options& options, Instant now);
[[nodiscard]] Exit watch_command(const Options& options);
[[nodiscard]] Exit bug_report_command(const Options& options);
[[nodiscard]] Exit show_command(const Options& options);
[[nodiscard]] Exit diff_command(const Options& options, Instant now);

}  // namespace finwait::report
