// SPDX-License-Identifier: Apache-2.0
//
// One connection's close in words, step by step.
#pragma once

#include <string>

#include "families/families.hpp"
#include "finwait/record.hpp"

namespace finwait::report {

// Ready for a terminal.
[[nodiscard]] std::string tell_story(const Record& record, const Family& family, bool anonymize);

}  // namespace finwait::report
