// SPDX-License-Identifier: Apache-2.0
//
// The report as one page that needs nothing else. Bars are SVG and show without script; the chart
// over time is uPlot's where it was there at build time, and the page's script can do nothing else:
// its Content-Security-Policy names it by its hash.
#pragma once

#include <string>

#include "report/analysis/report.hpp"

namespace finwait::report {

[[nodiscard]] std::string render_html(const Report& report);

// The parts, each appended to the page.
void append_rows(std::string& html, const Report& report);
void append_timeline(std::string& html, const Timeline& timeline);
void append_words(std::string& html, const Report& report);

}  // namespace finwait::report
