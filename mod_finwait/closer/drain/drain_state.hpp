// SPDX-License-Identifier: Apache-2.0
//
// One drain's limits and what has happened in it. Decides and does nothing: time and what TCP says
// are passed in, so that every rule can be tested without a socket.
#pragma once

#include <cstddef>
#include <cstdint>

#include "closer/moment.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

// What the kernel knows about the client's acknowledgements.
struct AckFacts {
    std::uint32_t unacked_bytes = 0;  // our FIN counts as one (SIOCOUTQ)
    Time since_last_ack{};
};

class DrainState {
  public:
    enum class Timer : std::uint8_t {
        wait,          // ask again at next_timer()
        look,          // idle in FIN_WAIT_1: get AckFacts, call is_idle()
        idle_timeout,  // end it
        deadline,      // end it
    };

    DrainState() = default;
    DrainState(const Policy& policy, Time half_close);

    void received(std::uint64_t bytes, Time now);

    // How much one recv() may discard: never more than one byte over the limit.
    [[nodiscard]] std::size_t receive_max(std::size_t wanted) const;
    [[nodiscard]] bool is_over_limit() const { return drained_bytes_ > limit_bytes_; }

    // Takes a look at the unacknowledged bytes; true if this is the first time that there are none:
    // FIN_WAIT_2 has begun.
    bool saw_unacked(std::uint32_t unacked_bytes, Time now);

    [[nodiscard]] Time next_timer() const;
    [[nodiscard]] Timer timer_at(Time now) const;

    // After Timer::look: an acknowledgement since the last look is progress, a client that only
    // answers window probes makes none.
    [[nodiscard]] bool is_idle(const AckFacts& facts, Time now);

    // What FinWaitMethod allows.
    [[nodiscard]] Method method() const { return method_; }
    [[nodiscard]] bool reads() const {
        return method_ == Method::drain || method_ == Method::reset;
    }
    [[nodiscard]] bool ends_in_fin_wait_2() const {
        return method_ == Method::solinger || method_ == Method::reset;
    }

    [[nodiscard]] bool is_in_fin_wait_2() const { return fin_wait_2_since_ != kNever; }
    [[nodiscard]] bool resets_in_fin_wait_2() const { return resets_in_fin_wait_2_; }
    [[nodiscard]] Time half_close() const { return half_close_; }
    [[nodiscard]] std::uint64_t drained_bytes() const { return drained_bytes_; }
    [[nodiscard]] Time fin_wait_2_time(Time now) const;

  private:
    Time half_close_{};
    Time last_progress_{};
    Time fin_wait_2_since_ = kNever;
    std::uint64_t drained_bytes_ = 0;
    std::uint64_t limit_bytes_ = Policy::kUnlimited;
    std::uint32_t drain_timeout_ms_ = 0;
    std::uint32_t idle_timeout_ms_ = 0;
    std::uint32_t unacked_bytes_ = UINT32_MAX;  // at the last look
    bool resets_in_fin_wait_2_ = false;
    Method method_ = Method::drain;
};

// How the drain ends when recv() fails with `error`.
[[nodiscard]] Drain drain_of_error(int error);

// The outcome of a drain that ended so with its socket in `state`.
[[nodiscard]] Outcome outcome_of(Drain how, int error, TcpState state, bool resets_in_fin_wait_2);

}  // namespace finwait
