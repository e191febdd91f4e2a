// SPDX-License-Identifier: Apache-2.0
//
// The gauge `unwritten`: closes that have ended and whose line, in their first log, is neither
// written nor given up; and the counters they go to then. Any thread, each close at once: what is
// written and not counted is lost to the count if the closer is killed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "closer/log/lines.hpp"
#include "finwait/counters.hpp"

namespace finwait {

class UnwrittenCloses {
  public:
    UnwrittenCloses(CloserCounters& counters, std::size_t slot)
        : counters_(counters), unwritten_(counters.unwritten[slot]) {}

    void add(std::uint64_t closes) { count(unwritten_, closes); }
    void wrote(const ClosesInLines& lines) {
        count(counters_.records, lines.records);
        count(counters_.tallied, lines.tallied);
        take(lines.closes());
    }
    void gave_up(std::uint64_t closes) {
        count(counters_.dropped, closes);
        take(closes);
    }

  private:
    void take(std::uint64_t closes) { unwritten_.fetch_sub(closes, std::memory_order_relaxed); }

    CloserCounters& counters_;
    Counter& unwritten_;
};

}  // namespace finwait
