// SPDX-License-Identifier: Apache-2.0
//
// A condition on the whole report, for cron and monitoring: `stuck>5%`, `p99>=10s`, `culprits>0`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "report/analysis/report.hpp"

namespace finwait::report {

struct Metric;

struct FailIf {
    const Metric* metric = nullptr;
    bool is_greater = true;
    bool or_equal = false;
    double value = 0;

    [[nodiscard]] bool holds(const Report& report) const;
};

// Nothing if it is no condition.
[[nodiscard]] std::optional<FailIf> parse_fail_if(std::string_view text);

// What one can say, for messages.
[[nodiscard]] std::string fail_if_help();

}  // namespace finwait::report
