// SPDX-License-Identifier: Apache-2.0
#include "closer/log/tally_logs.hpp"

#include <algorithm>

namespace finwait {

namespace {

std::chrono::milliseconds to_milliseconds(std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

LogIds only(std::uint16_t id) {
    LogIds ids;
    ids.ids[0] = id;
    ids.count = 1;
    return ids;
}

}  // namespace

void TallyLogs::add(std::uint16_t id, AccountId account, const Close& close,
                    std::uint64_t address_hash, bool is_answerable, Moment now) {
    Log& log = tallies_[id];
    // So that the log is not let go before it has been told.
    if (log.pending.empty()) logs_.hold(only(id));
    const auto [at, is_new] = log.pending.try_emplace(account);
    Pending& pending = at->second;
    if (is_new) {
        const bool is_closed = logs_.is_closed(id);
        pending.since = now.realtime;
        log.due.set(account, is_closed ? now.monotonic : now.monotonic + kTallyInterval);
        if (is_closed) log.give_up_at = std::min(log.give_up_at, now.monotonic + kLogCloseDelay);
    }
    pending.balance.book(close, address_hash);
    if (is_answerable) ++pending.answerable;
}

void TallyLogs::move_to_other(AccountId account) {
    for (auto& [id, log] : tallies_) {
        const auto from = log.pending.find(account);
        if (from == log.pending.end()) continue;
        const auto [to, is_new] = log.pending.try_emplace(kOther);
        Pending& other = to->second;
        // The older of both decides when the line is due.
        const Time due = log.due.at(account);
        if (is_new || due < log.due.at(kOther)) log.due.set(kOther, due);
        other.since = is_new ? from->second.since : std::min(other.since, from->second.since);
        other.balance += from->second.balance;
        other.answerable += from->second.answerable;
        log.pending.erase(account);
        log.due.remove(account);
    }
}

void TallyLogs::close(std::uint16_t id, Moment now) {
    const auto at = tallies_.find(id);
    if (at == tallies_.end()) return;
    at->second.give_up_at = now.monotonic + kLogCloseDelay;
    for (const auto& [account, pending] : at->second.pending)
        at->second.due.set(account, now.monotonic);
}

std::uint64_t TallyLogs::flush(Moment now) {
    std::uint64_t given_up = 0;
    std::size_t lines = 0;
    for (auto& [id, log] : tallies_)
        for (; log.due.earliest() <= now.monotonic && lines < kTalliesPerTurn; ++lines)
            given_up += write_earliest(id, log, now, log.give_up_at <= now.monotonic).value_or(0);
    std::erase_if(tallies_, [](const auto& entry) { return entry.second.pending.empty(); });
    return given_up;
}

std::uint64_t TallyLogs::finish(bool is_last_chance, Moment now) {
    std::uint64_t given_up = 0;
    for (auto& [id, log] : tallies_)
        while (!log.due.empty()) {
            const auto closes = write_earliest(id, log, now, is_last_chance);
            if (!closes) break;
            given_up += *closes;
        }
    std::erase_if(tallies_, [](const auto& entry) { return entry.second.pending.empty(); });
    return given_up;
}

Time TallyLogs::due() const {
    Time due = kNever;
    for (const auto& [id, log] : tallies_) due = std::min(due, log.due.earliest());
    return due;
}

std::optional<std::uint64_t> TallyLogs::write_earliest(std::uint16_t id, Log& log, Moment now,
                                                       bool is_last_chance) {
    const AccountId account = log.due.earliest_slot();
    const auto at = log.pending.find(account);
    const std::uint64_t answerable = at->second.answerable;
    const bool was_taken = logs_.append(id, line_of(account, at->second, now), answerable, now);
    if (!was_taken && !is_last_chance) {
        log.due.set(account, now.monotonic + kTallyRetryDelay);
        return std::nullopt;
    }
    log.due.remove(account);
    log.pending.erase(at);
    if (log.pending.empty()) logs_.release(only(id));
    if (!was_taken) logs_.give_up(id, answerable, now);
    return was_taken ? 0 : answerable;
}

TallyLine TallyLogs::line_of(AccountId id, const Pending& pending, Moment now) const {
    const Account& account = ledger_.at(id);
    TallyLine line;
    line.since = to_milliseconds(pending.since);
    line.until = to_milliseconds(now.realtime);
    line.vhost = account.vhost.text();
    (account.figures.is_proxy != 0 ? line.proxy : line.user_agent) = account.user_agent.text();
    line.tally = pending.balance.tally;
    line.addresses = pending.balance.addresses.estimate();
    return line;
}

}  // namespace finwait
