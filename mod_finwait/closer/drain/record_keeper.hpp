// SPDX-License-Identifier: Apache-2.0
//
// Books every finished close: its Record into the logs, its words into the counters, into the
// ledger, and as evidence (FinWaitAuto). Each is counted exactly once (counters.hpp): as one of
// `records` when the first log has written its Record; of `tallied` if it has none and a log of
// mode `stuck` has written the line that counts it; of `unlogged` if it names no log; of `dropped`
// if no log took it, or every log that did was given up before. Until then it is one of the gauges
// `unwritten` and `untold`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "closer/drain/tcp_socket.hpp"
#include "closer/ledger/ledger.hpp"
#include "closer/log/logs.hpp"
#include "closer/log/tally_logs.hpp"
#include "closer/moment.hpp"
#include "closer/remedy/remedies.hpp"
#include "finwait/counters.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

// What is known at the end of a close beside its Handoff.
struct CloseEnd {
    Drain drain = Drain::none;
    Outcome outcome = Outcome::unknown;
    Probe probe = Probe::none;
    Time half_close{};
    Time drain_time{};
    Time fin_wait_2_time{};
    std::uint64_t drained_bytes = 0;
    EndFacts facts;
};

class RecordKeeper {
  public:
    // Writes the gauges `unwritten` and `untold` of its slot.
    RecordKeeper(CloserCounters& counters, std::size_t slot, Logs& logs, BooksMemory& books,
                 Remedies& remedies);
    RecordKeeper(const RecordKeeper&) = delete;
    RecordKeeper& operator=(const RecordKeeper&) = delete;

    // A Handoff was taken: its logs stay until its close is kept.
    void expect(const Handoff& handoff) { logs_.hold(handoff.logs); }
    void release(const Handoff& handoff) { logs_.release(handoff.logs); }
    void keep(const Handoff& handoff, const CloseEnd& end, Moment now);

    // A Report: a close that left nothing to drain.
    void keep_report(const Handoff& report, Moment now);

    // The tally lines that are due, then what the logs have to write.
    void flush(Moment now);
    // The end, again and again: everything that a log can still take.
    void finish(bool is_last_chance, Moment now);
    [[nodiscard]] bool has_tallies() const { return !tallies_.is_empty(); }
    void close_log(std::uint16_t id, Moment now);
    // What the logs did not take before the end is no Record and no tally.
    void give_up_unwritten();
    [[nodiscard]] Time due() const { return std::min(tallies_.due(), logs_.due()); }

    [[nodiscard]] Ledger& ledger() { return ledger_; }
    [[nodiscard]] const Ledger& ledger() const { return ledger_; }

  private:
    void fill(const Handoff& handoff, const CloseEnd& end, Moment now);
    [[nodiscard]] BookedClose booked(const Handoff& handoff, const CloseEnd& end) const;
    void on_evicted(AccountId account);
    void settle();
    void publish_gauges();

    CloserCounters& counters_;
    Counter& unwritten_;
    Counter& untold_;
    Logs& logs_;
    Remedies& remedies_;
    Ledger ledger_;
    TallyLogs tallies_;
    Record record_;  // one for all, so that its strings are allocated once
};

// A sender's clock reading that cannot be right must not make a deadline that never comes.
[[nodiscard]] Time plausible_half_close(Time half_close, Time now);

}  // namespace finwait
