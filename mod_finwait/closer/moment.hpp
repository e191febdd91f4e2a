// SPDX-License-Identifier: Apache-2.0
//
// Time as the closer passes it around: read once per turn by main(), made up by tests.
#pragma once

#include <time.h>

#include <chrono>

namespace finwait {

using Time = std::chrono::nanoseconds;  // of CLOCK_MONOTONIC, as Handoff::half_close

inline constexpr Time kNever = Time::max();

struct Moment {
    Time monotonic{};
    std::chrono::nanoseconds realtime{};  // since the epoch, at the same instant
};

inline std::chrono::nanoseconds read_clock(clockid_t clock) {
    timespec spec{};
    ::clock_gettime(clock, &spec);
    return std::chrono::seconds(spec.tv_sec) + std::chrono::nanoseconds(spec.tv_nsec);
}

inline Moment moment_now() {
    return {read_clock(CLOCK_MONOTONIC), read_clock(CLOCK_REALTIME)};
}

}  // namespace finwait
