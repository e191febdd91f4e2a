// SPDX-License-Identifier: Apache-2.0
//
// The report for programs; docs/report.md has its members.
#pragma once

#include <optional>
#include <string>

#include "report/analysis/report.hpp"

namespace finwait::report {

// Raised if a member goes or changes its meaning.
inline constexpr int kReportJsonVersion = 1;

[[nodiscard]] std::string render_json(const Report& report, std::optional<std::size_t> top);

}  // namespace finwait::report
