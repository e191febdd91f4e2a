// SPDX-License-Identifier: Apache-2.0
//
// A share that was counted, and how sure it is.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace finwait::report {

struct Interval {
    double low = 0;
    double high = 1;
};

struct Share {
    std::uint64_t part = 0;
    std::uint64_t whole = 0;

    // 0 of nothing.
    [[nodiscard]] double value() const {
        return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
    }

    // Wilson's score interval (1927) at 95 %: good with few samples, and with shares near 0 and 1,
    // where the usual normal one says "0 of 5, so 0 to 0 %".
    [[nodiscard]] Interval interval() const {
        if (whole == 0) return {};
        constexpr double z = 1.959963984540054;
        const auto n = static_cast<double>(whole);
        const double p = value();
        const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
        const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
        return {part == 0 ? 0 : std::max(0.0, centre - half),
                part == whole ? 1 : std::min(1.0, centre + half)};
    }
};

}  // namespace finwait::report
