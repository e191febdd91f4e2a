// SPDX-License-Identifier: Apache-2.0
//
// The closer's end, and the ledger that outlives it.
#include <algorithm>
#include <string>
#include <utility>

#include "closer/closer.hpp"

namespace finwait {

// Of the closer that had this slot before, if it died, and of those that have ended beside this
// one. A retired closer leaves them to its successor.
void Closer::adopt_ledgers() {
    for (std::size_t slot = 0; slot < kCloserSlots; ++slot) {
        const bool is_free = slot == slot_ ? !is_serving_ : counters_.running[slot].load() == 0;
        if (is_free && !is_retired_) static_cast<void>(store_.adopt(slot, records_.ledger()));
    }
}

bool Closer::has_neighbours() const {
    std::uint64_t running = 0;
    for (const Counter& closer : counters_.running) running += read(closer);
    return running > 1;
}

Time Closer::ledger_due() const {
    // Not before the ledger left in this slot was adopted: it would be written over.
    if (!is_serving_) return kNever;
    if (store_.is_saving()) return saved_at_;
    const bool has_changed = ledger().changes() != saved_changes_;
    return has_changed || had_neighbours_ ? saved_at_ + kLedgerSaveInterval : kNever;
}

void Closer::save_ledger(Moment now) {
    if (store_.is_saving()) return;
    // Asked first: one that ends after this is looked for once more.
    had_neighbours_ = has_neighbours();
    adopt_ledgers();
    saved_at_ = now.monotonic;
    const std::uint64_t changes = ledger().changes();
    if (changes == std::exchange(saved_changes_, changes)) return;
    // Shared memory that is full now may not be in a second.
    store_.begin_save(ledger());
}

bool Closer::is_at_its_end() const {
    const bool channel_has_ended = ended_.count() == channel_.lanes();
    return (channel_has_ended || is_finishing_) && full_.none() && drainer_.held() == 0;
}

bool Closer::may_stop_more(Time now) const {
    return logs_.have_room() || now >= last_flush_until_;
}

Time Closer::stop_due() const {
    if (!is_finishing_ || last_flush_until_ == kNever)
        return drainer_.held() > 0 ? finish_at_ : kNever;
    return drainer_.held() > 0 && logs_.have_room() ? Time::zero() : kNever;
}

// Whoever stops the server waits for drains, as long as they may take, and not for what comes after
// them. A replaced closer has the time.
void Closer::stop_some(Moment now) {
    if (!is_finishing_ || full_.any()) return;
    if (drainer_.draining() > 0 && finish_at_ > now.monotonic) return;
    if (last_flush_until_ == kNever) last_flush_until_ = now.monotonic + kLastFlushMax;
    if (!may_stop_more(now.monotonic)) return;
    drainer_.stop(kStopsPerTurn, now);
}

void Closer::end_if_done(Moment now) {
    if (!is_at_its_end()) return;
    if (last_flush_until_ == kNever) last_flush_until_ = now.monotonic + kLastFlushMax;
    const bool is_last_chance = now.monotonic >= last_flush_until_;
    records_.finish(is_last_chance, now);
    is_done_ = is_last_chance || (logs_.is_flushed() && !records_.has_tallies());
    if (is_done_) give_up_unwritten(now.monotonic);
}

void Closer::give_up_unwritten(Time now) {
    static_cast<void>(store_.save(records_.ledger()));
    records_.give_up_unwritten();
    counters_.running[slot_].store(0);
    const std::string unwritten = logs_.unwritten_lines();
    if (unwritten.empty()) return;
    notices_.tell(NoticeKind::log_dropped, NoticeLevel::error,
                  "could not be written before the end: " + unwritten, now);
}

}  // namespace finwait
