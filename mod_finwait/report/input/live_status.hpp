// SPDX-License-Identifier: Apache-2.0
//
// Asks a running server instead of a log: its status page has the same accounts that tally lines
// are written from.
#pragma once

#include <string>
#include <string_view>

#include "report/input/reading.hpp"

namespace finwait::report {

// `url` is that of finwait-status, with or without ?json. What went wrong stands in
// reading.unreadable.
void read_live_status(const std::string& url, Sink& sink, Reading& reading);

// The same for the answer itself. False if it is not one.
bool take_status(std::string_view json, Sink& sink, Reading& reading);

}  // namespace finwait::report
