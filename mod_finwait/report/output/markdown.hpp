// SPDX-License-Identifier: Apache-2.0
//
// The report for a ticket or a wiki: GitHub's dialect of Markdown.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "report/analysis/report.hpp"

namespace finwait::report {

[[nodiscard]] std::string render_markdown(const Report& report, std::optional<std::size_t> top);

// Text in which nothing is markup, neither Markdown's nor HTML's.
[[nodiscard]] std::string markdown_text(std::string_view text);

}  // namespace finwait::report
