// SPDX-License-Identifier: Apache-2.0
//
// One connection's close in words, step by step.
#pragma once

#include <string>

#include "finwait/record.hpp"
#include "report/families/families.hpp"

namespace finwait::report {

// Ready for a terminal.
[[nodiscard]] std::string tell_story(const Close& close, const Family& family, bool anonymize);

}  // namespace finwait::report
