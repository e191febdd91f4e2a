// SPDX-License-Identifier: Apache-2.0
//
// A share that was counted, how sure it is, and when a share of stuck closes is somebody's fault:
// the same for finwait-report and for the module's metrics.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace finwait {

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

    Share& operator+=(const Share& other) {
        part += other.part;
        whole += other.whole;
        return *this;
    }
};

// Less than this is no trouble, however sure it is.
inline constexpr double kNotable = 0.05;
inline constexpr double kTimesOthers = 2;
// Where there are no others to compare with.
inline constexpr double kNotableAlone = 0.5;
// A client with fewer closes is neither blamed nor cleared.
inline constexpr std::uint64_t kSampleMin = 30;

[[nodiscard]] inline bool is_notable(const Share& stuck) {
    return stuck.interval().low > kNotable;
}

[[nodiscard]] inline bool is_worse(const Share& one, const Share& others,
                                   std::uint64_t sample_min) {
    const Interval own = one.interval();
    if (others.whole < sample_min) return own.low > kNotableAlone;
    return own.low > kNotable && own.low > kTimesOthers * others.value() &&
           own.low > others.interval().high;
}

}  // namespace finwait
