// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/record_keeper.hpp"

namespace finwait {

RecordKeeper::RecordKeeper(CloserCounters& counters, UnwrittenCloses& unwritten, Logs& logs,
                           BooksMemory& books, Remedies& remedies)
    : counters_(counters),
      unwritten_(unwritten),
      logs_(logs),
      remedies_(remedies),
      ledger_(books, [this](AccountId id) { on_evicted(id); }),
      tallies_(ledger_, logs) {
    count(counters.half_written, ledger_.half_written());
}

void RecordKeeper::keep(const Close& close, Moment now) {
    count(counter_of(counters_.causes, close.cause));
    count(counter_of(counters_.drains, close.drain));
    count(counter_of(counters_.outcomes, close.outcome));
    const std::uint64_t address_hash = close.client_address.empty()
                                           ? ledger_.hash_of(close.peer)
                                           : ledger_.hash_of(close.client_address);
    const AccountId account = ledger_.book(
        close, address_hash, std::chrono::floor<std::chrono::milliseconds>(now.realtime));
    remedies_.book(account, close, now);
    if (close.logs.count == 0)
        count(counters_.unlogged);
    else
        write(close, account, address_hash, now);
}

void RecordKeeper::write(const Close& close, AccountId account, std::uint64_t address_hash,
                         Moment now) {
    for (std::size_t i = 0; i < close.logs.count; ++i) {
        const std::uint16_t id = close.logs.ids[i];
        const bool is_first = i == 0;
        bool was_taken = true;
        if (!close.is_stuck() && logs_.is_stuck_only(id))
            tallies_.add(id, account, close, address_hash, is_first, now);
        else
            was_taken = logs_.append(id, close, is_first, now);
        if (!is_first) continue;
        if (was_taken)
            unwritten_.add(1);
        else
            count(counters_.dropped);
    }
}

void RecordKeeper::on_evicted(AccountId account) {
    count(counters_.evicted);
    tallies_.move_to_other(account);
    remedies_.forget(account);
}

void RecordKeeper::flush(Moment now) {
    unwritten_.gave_up(tallies_.flush(now));
    logs_.flush(now);
}

void RecordKeeper::finish(bool is_last_chance, Moment now) {
    unwritten_.gave_up(tallies_.finish(is_last_chance, now));
    logs_.flush(now, true);
}

void RecordKeeper::close_log(std::uint16_t id, Moment now) {
    tallies_.close(id, now);
    logs_.close(id, now);
}

}  // namespace finwait
