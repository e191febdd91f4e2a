// SPDX-License-Identifier: Apache-2.0
//
// What the logs of mode `stuck` are told of the closes whose Record they do not get: per log and
// account the counts since the account's last tally line, which is written a minute after the first
// of them. An account that is evicted meanwhile leaves its counts to the log's `(other)`. A tally
// line is never dropped for want of room: its counts stay and grow until the log has room again.
//
// Bounded: a log has at most one pending tally per account of the ledger, and one more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>

#include "closer/deadlines.hpp"
#include "closer/ledger/ledger.hpp"
#include "closer/log/logs.hpp"

namespace finwait {

inline constexpr Time kTallyInterval = std::chrono::minutes(1);
inline constexpr Time kTallyRetryDelay = std::chrono::seconds(1);  // for a log without room
inline constexpr std::size_t kTalliesPerTurn = 64;

class TallyLogs {
  public:
    TallyLogs(const Ledger& ledger, Logs& logs) : ledger_(ledger), logs_(logs) {}

    // `is_answerable`: this is the close's first log, which accounts for it.
    void add(std::uint16_t log, AccountId account, const Close& close, std::uint64_t address_hash,
             bool is_answerable, Moment now);

    void move_to_other(AccountId account);

    // The parent closes the log: what is pending for it is due, and given up when the log has had
    // no room for kLogCloseDelay. Precondition: it is still open.
    void close(std::uint16_t log, Moment now);

    // Writes what is due, kTalliesPerTurn lines at most. finish(), again and again, writes all
    // there is: as much as the logs have room for, and gives up the rest if it is their last
    // chance. Both return for how many answerable closes no log will ever have a line.
    [[nodiscard]] std::uint64_t flush(Moment now);
    [[nodiscard]] std::uint64_t finish(bool is_last_chance, Moment now);
    [[nodiscard]] bool is_empty() const { return tallies_.empty(); }

    [[nodiscard]] Time due() const;

  private:
    struct Pending {
        Balance balance;
        std::uint64_t answerable = 0;
        std::chrono::nanoseconds since{};  // of the epoch
    };
    struct Log {
        std::unordered_map<AccountId, Pending> pending;
        Deadlines due;
        Time give_up_at = kNever;
    };

    // How many answerable closes were given up; nothing if the line has to wait for room.
    [[nodiscard]] std::optional<std::uint64_t> write_earliest(std::uint16_t id, Log& log,
                                                              Moment now, bool is_last_chance);
    [[nodiscard]] TallyLine line_of(AccountId account, const Pending& pending, Moment now) const;

    const Ledger& ledger_;
    Logs& logs_;
    std::map<std::uint16_t, Log> tallies_;
};

}  // namespace finwait
