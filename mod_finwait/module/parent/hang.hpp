// SPDX-License-Identifier: Apache-2.0
//
// Whether a closer hangs, told from the stamp of its last turn alone: without a system call, by
// each child at each close and by the parent. No httpd, no APR.
#pragma once

#include <chrono>

#include "finwait/books.hpp"
#include "finwait/counters.hpp"

namespace finwait {

// The last part of kPulseMissed. Where all of httpd, or the machine, was stopped and goes on, who
// runs a moment before the closer finds an old stamp: so the first look only doubts.
inline constexpr std::chrono::seconds kDoubtLasts{1};

inline std::chrono::nanoseconds time_in(const Counter& ns) {
    return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(read(ns)));
}

// `turned`: of its last turn. A doubt that is older than that is none.
inline bool hangs(std::chrono::nanoseconds turned, Counter& doubted_ns,
                  std::chrono::nanoseconds now) {
    if (now - turned < kPulseMissed - kDoubtLasts) return false;
    const auto doubted = time_in(doubted_ns);
    if (doubted > turned) return now - doubted >= kDoubtLasts;
    doubted_ns.store(static_cast<std::uint64_t>(now.count()));
    return false;
}

}  // namespace finwait
