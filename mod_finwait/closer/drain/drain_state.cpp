// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/drain_state.hpp"

#include <algorithm>
#include <cerrno>

namespace finwait {

using std::chrono::milliseconds;

namespace {

// The kernel tells times in ticks of up to 10 ms. Who has acknowledged something so shortly before
// it was asked was there, too.
constexpr Time kAckSlack = milliseconds(50);

}  // namespace

DrainState::DrainState(const Policy& policy, std::uint32_t wait_timeout_ms, Time half_close)
    : half_close_(half_close),
      last_progress_(half_close),
      limit_bytes_(policy.drain_limit_bytes),
      drain_timeout_ms_(policy.drain_timeout_ms),
      idle_timeout_ms_(policy.drain_idle_timeout_ms),
      wait_timeout_ms_(wait_timeout_ms),
      ack_timeout_ms_(policy.ack_timeout_ms != Policy::kAckKernel ? policy.ack_timeout_ms
                                                                  : kKernelsAckTimeoutMs),
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
    last_progress_ = std::max(last_progress_, when);
    if (unacked_bytes != 0) return false;
    fin_wait_2_since_ = when;
    return true;
}

Time DrainState::drain_end() const {
    return std::min(half_close_ + milliseconds(drain_timeout_ms_),
                    last_progress_ + milliseconds(idle_timeout_ms_));
}

// Our FIN is ours to bring to the client, the wait for the client's begins with its
// acknowledgement.
Time DrainState::wait_end() const {
    if (!is_in_fin_wait_2()) return last_progress_ + milliseconds(ack_timeout_ms_);
    return std::max(waiting_since_, fin_wait_2_since_) + milliseconds(wait_timeout_ms_);
}

Time DrainState::next_timer() const {
    const Time end = is_waiting() ? wait_end() : drain_end();
    const bool will_probe = is_in_fin_wait_2() && !is_probing();
    return will_probe ? std::min(end, fin_wait_2_since_ + kProbeAfter) : end;
}

DrainState::Timer DrainState::timer_at(Time now) const {
    if (now < next_timer()) return Timer::wait;
    if (is_waiting() && now < wait_end()) return Timer::probe;
    if (is_waiting()) return is_in_fin_wait_2() ? Timer::wait_over : Timer::look;
    if (now >= half_close_ + milliseconds(drain_timeout_ms_)) return Timer::deadline;
    if (now < drain_end()) return Timer::probe;
    return is_in_fin_wait_2() ? Timer::idle_timeout : Timer::look;
}

bool DrainState::is_idle(const AckFacts& facts, Time now) {
    saw_unacked(facts.unacked_bytes, now - facts.since_last_ack);
    if (is_waiting()) return !is_in_fin_wait_2() && now >= wait_end();
    return now >= last_progress_ + milliseconds(idle_timeout_ms_);
}

Probe DrainState::probe(const AckFacts& facts, Time now) const {
    if (!is_probing()) return Probe::none;
    if (facts.probes >= kSilentProbes) return Probe::silent;
    const bool has_answered = now - facts.since_last_ack + kAckSlack >= probing_since_;
    return has_answered ? Probe::answered : Probe::none;
}

Time DrainState::fin_wait_2_time(Time now) const {
    return is_in_fin_wait_2() ? std::max(now - fin_wait_2_since_, Time::zero()) : Time::zero();
}

Drain drain_of_error(int error) {
    if (error == ECONNRESET || error == EPIPE) return Drain::reset;
    // ETIMEDOUT, EHOSTUNREACH and the like: the kernel gave up sending our last data or FIN again,
    // which is the longest idle time there is, or the client left its probes unanswered.
    return Drain::idle_timeout;
}

Outcome outcome_of_drain(Drain how) {
    switch (how) {
        case Drain::fin:
            return Outcome::fin;
        case Drain::reset:
            return Outcome::reset;
        case Drain::shed:
        case Drain::stopping:
            return Outcome::unknown;
        case Drain::byte_limit:
        case Drain::idle_timeout:
        case Drain::deadline:
        case Drain::none:
            break;
    }
    return Outcome::cut;
}

Outcome outcome_of_error(int error, const DrainState& drain) {
    if (error == ECONNRESET || error == EPIPE) return Outcome::reset;
    return drain.is_in_fin_wait_2() ? Outcome::vanished : Outcome::unacked;
}

}  // namespace finwait
