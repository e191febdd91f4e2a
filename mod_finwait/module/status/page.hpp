// SPDX-License-Identifier: Apache-2.0
//
// The parts of the page for people, each appended to it.
#pragma once

#include <string>
#include <vector>

#include "module/status/view.hpp"

namespace finwait {

void append_remedies(std::string& html, const StatusView& view);
void append_accounts(std::string& html, const StatusView& view);
void append_chart(std::string& html, const std::vector<HistoryPoint>& hour);
void append_sockets(std::string& html, const StatusView& view);
void append_totals(std::string& html, const StatusView& view);
void append_health(std::string& html, const StatusView& view);

}  // namespace finwait
