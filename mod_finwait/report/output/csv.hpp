// SPDX-License-Identifier: Apache-2.0
//
// One line per row for spreadsheets and scripts (RFC 4180).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/analysis/report.hpp"

namespace finwait::report {

[[nodiscard]] std::string render_csv(const Report& report, std::optional<std::size_t> top);

// A field. What a spreadsheet would take for a formula begins with an apostrophe, which makes it
// text.
[[nodiscard]] std::string csv_field(std::string_view text);
// Of fields as they are; the first is not empty.
[[nodiscard]] std::string csv_line(const std::vector<std::string>& fields);

}  // namespace finwait::report
