// SPDX-License-Identifier: Apache-2.0
//
// The answer in one sentence or two.
#pragma once

#include <string>

#include "report/analysis/report.hpp"

namespace finwait::report {

// May hold text that clients sent.
[[nodiscard]] std::string verdict_of(const Report& report);

}  // namespace finwait::report
