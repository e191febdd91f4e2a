// SPDX-License-Identifier: Apache-2.0
//
// The closer's end.
#include <string>

#include "closer/closer.hpp"

namespace finwait {

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
    const std::string unwritten = logs_.unwritten_lines();
    logs_.give_up_unwritten();
    counters_.running[slot_].store(0);
    if (unwritten.empty()) return;
    notices_.tell(NoticeKind::log_dropped, NoticeLevel::error,
                  "could not be written before the end: " + unwritten, now);
}

}  // namespace finwait
