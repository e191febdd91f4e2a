// SPDX-License-Identifier: Apache-2.0
//
// The status page for people: one HTML file that needs nothing else, no script above all. Whatever
// a client sent stands in it as text.
#pragma once

#include <string>

#include "closer/status/view.hpp"

namespace finwait {

[[nodiscard]] std::string render_page(const StatusView& view);

// The parts, each appended to the page.
void append_remedies(std::string& html, const StatusView& view);
void append_accounts(std::string& html, const StatusView& view);
void append_chart(std::string& html, const std::vector<History::Point>& hour);
void append_totals(std::string& html, const StatusView& view);
void append_health(std::string& html, const StatusView& view);

}  // namespace finwait
