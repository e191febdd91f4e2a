// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/record_keeper.hpp"

#include <algorithm>

#include "finwait/remedy.hpp"

namespace finwait {

namespace {

std::uint64_t to_ms(std::chrono::nanoseconds time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

LogIds without(const LogIds& all, const LogIds& some) {
    LogIds left;
    for (std::size_t i = 0; i < all.count; ++i)
        if (std::find(some.ids.begin(), some.ids.begin() + some.count, all.ids[i]) ==
            some.ids.begin() + some.count)
            left.ids[left.count++] = all.ids[i];
    return left;
}

}  // namespace

Time plausible_half_close(Time half_close, Time now) {
    return std::clamp(half_close, Time::zero(), now);
}

RecordKeeper::RecordKeeper(CloserCounters& counters, std::size_t slot, Logs& logs,
                           BooksMemory& books, Remedies& remedies)
    : counters_(counters),
      unwritten_(counters.unwritten[slot]),
      untold_(counters.untold[slot]),
      logs_(logs),
      remedies_(remedies),
      ledger_(books, [this](AccountId id) { on_evicted(id); }),
      tallies_(ledger_, logs) {
    count(counters.half_written, ledger_.half_written());
}

void RecordKeeper::keep_report(const Handoff& report, Moment now) {
    CloseEnd end;
    end.outcome = report.outcome;
    end.half_close = plausible_half_close(report.half_close, now.monotonic);
    end.facts.state = TcpState::closed;
    keep(report, end, now);
}

void RecordKeeper::keep(const Handoff& handoff, const CloseEnd& end, Moment now) {
    count(counter_of(counters_.causes, handoff.cause));
    count(counter_of(counters_.drains, end.drain));
    count(counter_of(counters_.outcomes, end.outcome));
    const BookedClose close = booked(handoff, end);
    const AccountId account =
        ledger_.book({handoff.user_agent, handoff.vhost}, close,
                     std::chrono::floor<std::chrono::milliseconds>(now.realtime));
    remedies_.book(account, handoff, close.close, now);
    if (handoff.logs.count == 0) {
        count(counters_.unlogged);
        return;
    }
    const LogIds tallying = close.close.is_stuck ? LogIds() : logs_.stuck_only(handoff.logs);
    const LogIds recording = without(handoff.logs, tallying);
    if (recording.count > 0) fill(handoff, end, now);
    const bool has_record = recording.count > 0 && logs_.append(recording, record_, now);
    if (has_record)
        count(unwritten_);
    else
        count(tallying.count > 0 ? untold_ : counters_.dropped);
    for (std::size_t i = 0; i < tallying.count; ++i)
        tallies_.add(tallying.ids[i], account, close, !has_record && i == 0, now);
}

BookedClose RecordKeeper::booked(const Handoff& handoff, const CloseEnd& end) const {
    BookedClose booked;
    booked.close.cause = handoff.cause;
    booked.close.drain = end.drain;
    booked.close.outcome = end.outcome;
    booked.close.is_stuck = is_stuck(end.drain, end.facts.state, end.probe);
    booked.close.is_preventable =
        booked.close.is_stuck && is_preventable(handoff.cause, handoff.http, false);
    booked.close.requests = handoff.requests;
    booked.close.drained_bytes = end.drained_bytes;
    booked.close.fin_wait_2_time = end.fin_wait_2_time;
    booked.close.remedy = handoff.remedy;
    booked.address_hash = handoff.client_address.empty() ? ledger_.hash_of(handoff.peer)
                                                         : ledger_.hash_of(handoff.client_address);
    return booked;
}

void RecordKeeper::on_evicted(AccountId account) {
    count(counters_.evicted);
    tallies_.move_to_other(account);
    remedies_.forget(account);
}

void RecordKeeper::flush(Moment now) {
    count(counters_.dropped, tallies_.flush(now));
    logs_.flush(now);
    settle();
}

void RecordKeeper::finish(bool is_last_chance, Moment now) {
    count(counters_.dropped, tallies_.finish(is_last_chance, now));
    logs_.flush(now, true);
    settle();
}

void RecordKeeper::close_log(std::uint16_t id, Moment now) {
    tallies_.close(id, now);
    logs_.close(id, now);
}

void RecordKeeper::give_up_unwritten() {
    const ClosesInLines unwritten = logs_.unwritten();
    count(counters_.dropped, unwritten.records + unwritten.tallied);
    unwritten_.store(0);
    untold_.store(0);
}

void RecordKeeper::settle() {
    const Logs::Settled settled = logs_.take_settled();
    count(counters_.records, settled.written.records);
    count(counters_.tallied, settled.written.tallied);
    count(counters_.dropped, settled.abandoned.records + settled.abandoned.tallied);
    publish_gauges();
}

void RecordKeeper::publish_gauges() {
    const ClosesInLines unwritten = logs_.unwritten();
    unwritten_.store(unwritten.records, std::memory_order_relaxed);
    untold_.store(tallies_.answerable() + unwritten.tallied, std::memory_order_relaxed);
}

void RecordKeeper::fill(const Handoff& handoff, const CloseEnd& end, Moment now) {
    const auto half_close = now.realtime - (now.monotonic - end.half_close);
    record_.half_close = std::chrono::duration_cast<std::chrono::milliseconds>(half_close);
    record_.peer = handoff.peer;
    record_.local = handoff.local;
    record_.vhost = handoff.vhost;
    record_.user_agent = handoff.user_agent;
    record_.client_address = handoff.client_address;
    record_.http = handoff.http;
    record_.tls = handoff.tls;
    record_.mpm = handoff.mpm;
    record_.remedy = handoff.remedy;
    record_.cause = handoff.cause;
    record_.requests = handoff.requests;
    record_.drain = end.drain;
    record_.outcome = end.outcome;
    record_.probe = end.probe;
    record_.drain_ms = to_ms(end.drain_time);
    record_.drained_bytes = end.drained_bytes;
    record_.fin_wait_2_ms = to_ms(end.fin_wait_2_time);
    record_.state = end.facts.state;
    record_.socket_cookie = end.facts.cookie;
    record_.rtt_us = end.facts.rtt_us;
    record_.unacked = end.facts.unacked;
    record_.retransmits = end.facts.retransmits;
}

}  // namespace finwait
