// SPDX-License-Identifier: Apache-2.0
//
// The buckets of every histogram of FIN_WAIT_2 time: the ledger's, the tally lines', the metrics'.
// One table, so that figures of different sources can be added. A bucket counts the times above the
// bound before its own and up to its own; the last one has no bound.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace finwait {

// Close together where the defaults end a wait: 2 s (short drain), 5 s (idle), 15 s
// (FinWaitTimeout) and their sums; 60 s is the kernel's own limit.
inline constexpr std::array<std::uint32_t, 14> kFinWait2BoundsMs{
    5, 20, 100, 500, 1000, 2000, 3000, 5000, 10'000, 15'000, 20'000, 30'000, 60'000, 120'000};
inline constexpr std::size_t kFinWait2Buckets = kFinWait2BoundsMs.size() + 1;

constexpr std::size_t fin_wait_2_bucket(std::chrono::nanoseconds time) {
    std::size_t bucket = 0;
    while (bucket < kFinWait2BoundsMs.size() &&
           time > std::chrono::milliseconds(kFinWait2BoundsMs[bucket]))
        ++bucket;
    return bucket;
}

}  // namespace finwait
