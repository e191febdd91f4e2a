// SPDX-License-Identifier: Apache-2.0
//
// Books every finished close: its Record into the logs, its words into the counters, into the
// ledger, and as evidence (FinWaitAuto). Each is counted exactly once (counters.hpp), by its first
// log: as one of `records` when that has written its Record, of `tallied` when it has written the
// line that counts it, of `dropped` if it took neither or was given up before; of `unlogged` if it
// names no log. Until then it is one of the gauge `unwritten`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "closer/ledger/ledger.hpp"
#include "closer/log/logs.hpp"
#include "closer/log/tally_logs.hpp"
#include "closer/moment.hpp"
#include "closer/remedy/remedies.hpp"
#include "finwait/close.hpp"
#include "finwait/counters.hpp"

namespace finwait {

class RecordKeeper {
  public:
    RecordKeeper(CloserCounters& counters, UnwrittenCloses& unwritten, Logs& logs,
                 BooksMemory& books, Remedies& remedies);
    RecordKeeper(const RecordKeeper&) = delete;
    RecordKeeper& operator=(const RecordKeeper&) = delete;

    // A close was taken: its logs stay until it is kept.
    void expect(const Close& close) { logs_.hold(close.logs); }
    void release(const Close& close) { logs_.release(close.logs); }
    // It has ended.
    void keep(const Close& close, Moment now);

    // The tally lines that are due, then what the logs have to write.
    void flush(Moment now);
    // The end, again and again: everything that a log can still take.
    void finish(bool is_last_chance, Moment now);
    [[nodiscard]] bool has_tallies() const { return !tallies_.is_empty(); }
    void close_log(std::uint16_t id, Moment now);
    [[nodiscard]] Time due() const { return std::min(tallies_.due(), logs_.due()); }

    [[nodiscard]] Ledger& ledger() { return ledger_; }
    [[nodiscard]] const Ledger& ledger() const { return ledger_; }

  private:
    void write(const Close& close, AccountId account, std::uint64_t address_hash, Moment now);
    void on_evicted(AccountId account);

    CloserCounters& counters_;
    UnwrittenCloses& unwritten_;
    Logs& logs_;
    Remedies& remedies_;
    Ledger ledger_;
    TallyLogs tallies_;
};

}  // namespace finwait
