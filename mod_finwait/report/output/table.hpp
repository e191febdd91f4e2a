// SPDX-License-Identifier: Apache-2.0
//
// The report for a terminal: a verdict, totals, and one line for each row, all within a screen.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "report/analysis/report.hpp"

namespace finwait::report {

struct Screen {
    std::size_t columns = 80;
    std::size_t lines = 24;
    bool has_colour = false;
};

inline constexpr std::size_t kColumnsMin = 60;

// As many rows as the screen has lines for, or `top`.
[[nodiscard]] std::string render_table(const Report& report, const Screen& screen,
                                       std::optional<std::size_t> top);

// What could not be used of what was read, a line each; empty if all could.
[[nodiscard]] std::vector<std::string> problems_of(const Report& report);

}  // namespace finwait::report
