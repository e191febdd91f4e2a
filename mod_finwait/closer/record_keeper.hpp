// SPDX-License-Identifier: Apache-2.0
//
// Books every finished close: its Record into the logs, its words into the counters. Each accepted
// message is booked exactly once, so that at any time
//
//     received == records + unlogged + dropped + held + followed
//
// where a close is one of `records` if at least one log's buffer took its line, of `unlogged` if it
// names no log, of `dropped` if it names logs and none took it.
#pragma once

#include <cstdint>
#include <string>

#include "closer/logs.hpp"
#include "closer/moment.hpp"
#include "closer/tcp_socket.hpp"
#include "finwait/counters.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

// What is known at the end of a close beside its Handoff.
struct CloseEnd {
    Drain drain = Drain::none;
    Outcome outcome = Outcome::unknown;
    Time half_close{};
    Time drain_time{};
    Time fin_wait_2_time{};
    std::uint64_t drained_bytes = 0;
    EndFacts facts;
};

class RecordKeeper {
  public:
    // `unwritten` is a gauge; it is set anew by whoever flushes the logs.
    RecordKeeper(CloserCounters& counters, Counter& unwritten, Logs& logs)
        : counters_(counters), unwritten_(unwritten), logs_(logs) {}

    // A Handoff was taken: its logs stay until its close is kept.
    void expect(const Handoff& handoff) { logs_.hold(handoff.logs); }
    void release(const Handoff& handoff) { logs_.release(handoff.logs); }
    void keep(const Handoff& handoff, const CloseEnd& end, Moment now);

    // A Report: a close that left nothing to drain.
    void keep_report(const Handoff& report, Moment now);

  private:
    void fill(const Handoff& handoff, const CloseEnd& end, Moment now);

    CloserCounters& counters_;
    Counter& unwritten_;
    Logs& logs_;
    Record record_;  // one for all, so that its strings are allocated once
};

// A sender's clock reading that cannot be right must not make a deadline that never comes.
[[nodiscard]] Time plausible_half_close(Time half_close, Time now);

}  // namespace finwait
