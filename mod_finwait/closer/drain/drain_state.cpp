// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/drain_state.hpp"

#include <algorithm>
#include <cerrno>

namespace finwait {

using std::chrono::milliseconds;

DrainState::DrainState(const Policy& policy, Time half_close)
    : half_close_(half_close),
      last_progress_(half_close),
      limit_bytes_(policy.drain_limit_bytes),
      drain_timeout_ms_(policy.drain_timeout_ms),
      idle_timeout_ms_(policy.drain_idle_timeout_ms),
      resets_in_fin_wait_2_(policy.linger2_s == 0),
      method_(policy.method) {}

void DrainState::received(std::uint64_t bytes, Time now) {
    drained_bytes_ += bytes;
    last_progress_ = now;
}

std::size_t DrainState::receive_max(std::size_t wanted) const {
    const std::uint64_t left = limit_bytes_ - std::min(limit_bytes_, drained_bytes_);
    return left < wanted ? static_cast<std::size_t>(left) + 1 : wanted;
}

bool DrainState::saw_unacked(std::uint32_t unacked_bytes, Time now) {
    if (unacked_bytes >= unacked_bytes_) return false;
    const bool is_first_look = unacked_bytes_ == UINT32_MAX;
    unacked_bytes_ = unacked_bytes;
    // Nothing says when that was acknowledged which was so at the first look. The look is early,
    // unless the closer was late: the half-close is never farther off than the client's distance.
    const Time when = is_first_look ? half_close_ : now;
    if (unacked_bytes == 0) fin_wait_2_since_ = when;
    last_progress_ = std::max(last_progress_, when);
    return unacked_bytes == 0;
}

Time DrainState::next_timer() const {
    return std::min(half_close_ + milliseconds(drain_timeout_ms_),
                    last_progress_ + milliseconds(idle_timeout_ms_));
}

DrainState::Timer DrainState::timer_at(Time now) const {
    if (now >= half_close_ + milliseconds(drain_timeout_ms_)) return Timer::deadline;
    if (now < last_progress_ + milliseconds(idle_timeout_ms_)) return Timer::wait;
    return is_in_fin_wait_2() ? Timer::idle_timeout : Timer::look;
}

bool DrainState::is_idle(const AckFacts& facts, Time now) {
    saw_unacked(facts.unacked_bytes, now - facts.since_last_ack);
    return now >= last_progress_ + milliseconds(idle_timeout_ms_);
}

Time DrainState::fin_wait_2_time(Time now) const {
    return is_in_fin_wait_2() ? std::max(now - fin_wait_2_since_, Time::zero()) : Time::zero();
}

Drain drain_of_error(int error) {
    if (error == ECONNRESET || error == EPIPE) return Drain::reset;
    // ETIMEDOUT, EHOSTUNREACH and the like: the kernel gave up sending our last data or FIN again,
    // which is the longest idle time there is.
    return Drain::idle_timeout;
}

Outcome outcome_of(Drain how, int error, TcpState state, bool resets_in_fin_wait_2) {
    switch (how) {
        case Drain::fin:
            return Outcome::fin;
        case Drain::reset:
            return Outcome::reset;
        case Drain::byte_limit:
        case Drain::shed:
        case Drain::stopping:
            return Outcome::cut;
        case Drain::idle_timeout:
        case Drain::deadline:
        case Drain::none:
            break;
    }
    if (error != 0 || state != TcpState::fin_wait_2) return Outcome::unacked;
    return resets_in_fin_wait_2 ? Outcome::cut : Outcome::unknown;
}

}  // namespace finwait
