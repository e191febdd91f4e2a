// SPDX-License-Identifier: Apache-2.0
#include "closer/record_keeper.hpp"

#include <algorithm>

namespace finwait {

namespace {

std::uint64_t to_ms(std::chrono::nanoseconds time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

}  // namespace

Time plausible_half_close(Time half_close, Time now) {
    return std::clamp(half_close, Time::zero(), now);
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
    if (handoff.logs.count == 0) {
        count(counters_.unlogged);
        return;
    }
    fill(handoff, end, now);
    if (!logs_.append(handoff.logs, record_, now)) return count(counters_.dropped);
    count(unwritten_);
    count(counters_.records);
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
    record_.cause = handoff.cause;
    record_.requests = handoff.requests;
    record_.drain = end.drain;
    record_.outcome = end.outcome;
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
