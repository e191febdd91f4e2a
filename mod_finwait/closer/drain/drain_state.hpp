// SPDX-License-Identifier: Apache-2.0
//
// One held socket's limits and what has happened to it: first it is drained, then, if the client's
// FIN is still missing, it waits. Decides and does nothing: time and what TCP says are passed in,
// so that every rule can be tested without a socket.
#pragma once

#include <cstddef>
#include <cstdint>

#include "closer/moment.hpp"
#include "contract/tcp_socket.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

// How long a client may be silent in FIN_WAIT_2 before it is asked whether it is there.
inline constexpr Time kProbeAfter = std::chrono::seconds(1);
// FinWaitAckTimeout `kernel`: for so long Linux goes on, unless it is set up otherwise, with a
// socket that no process has (net/ipv4/tcp_timer.c, tcp_orphan_retries()).
inline constexpr std::uint32_t kKernelsAckTimeoutMs = 105'000;
// So many probes in a row without an answer, and it is not: one lost packet is none.
inline constexpr unsigned kSilentProbes = 2;

class DrainState {
  public:
    enum class Timer : std::uint8_t {
        wait,          // ask again at next_timer()
        look,          // idle in FIN_WAIT_1: get AckFacts, call is_idle()
        probe,         // ask the client whether it is there, call began_probing()
        idle_timeout,  // the drain ends
        deadline,      // the drain ends
        wait_over,     // FinWaitTimeout has run out
    };

    DrainState() = default;
    // `wait_timeout_ms` in place of the Policy's, which may leave it to the kernel.
    DrainState(const Policy& policy, std::uint32_t wait_timeout_ms, Time half_close);

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
    // answers window probes makes none. One that waits is idle after FinWaitAckTimeout.
    [[nodiscard]] bool is_idle(const AckFacts& facts, Time now);

    void began_probing(Time now) { probing_since_ = now; }
    [[nodiscard]] bool is_probing() const { return probing_since_ != kNever; }
    // What the probes have told by `now`.
    [[nodiscard]] Probe probe(const AckFacts& facts, Time now) const;

    // The drain has ended, and an acknowledgement or the client's FIN is missing.
    void begin_waiting(Time now) { waiting_since_ = now; }
    [[nodiscard]] bool is_waiting() const { return waiting_since_ != kNever; }

    // What FinWaitMethod allows.
    [[nodiscard]] Method method() const { return method_; }
    [[nodiscard]] bool reads() const {
        return !is_waiting() && (method_ == Method::drain || method_ == Method::reset);
    }
    [[nodiscard]] bool ends_in_fin_wait_2() const {
        return !is_waiting() && (method_ == Method::solinger || method_ == Method::reset);
    }

    [[nodiscard]] bool is_in_fin_wait_2() const { return fin_wait_2_since_ != kNever; }
    // FinWaitTimeout 0.
    [[nodiscard]] bool resets_in_fin_wait_2() const { return wait_timeout_ms_ == 0; }
    [[nodiscard]] Time half_close() const { return half_close_; }
    [[nodiscard]] std::uint64_t drained_bytes() const { return drained_bytes_; }
    [[nodiscard]] Time fin_wait_2_time(Time now) const;

  private:
    [[nodiscard]] Time drain_end() const;
    [[nodiscard]] Time wait_end() const;

    Time half_close_{};
    Time last_progress_{};
    Time fin_wait_2_since_ = kNever;
    Time probing_since_ = kNever;
    Time waiting_since_ = kNever;
    std::uint64_t drained_bytes_ = 0;
    std::uint64_t limit_bytes_ = Policy::kUnlimited;
    std::uint32_t drain_timeout_ms_ = 0;
    std::uint32_t idle_timeout_ms_ = 0;
    std::uint32_t wait_timeout_ms_ = 0;
    std::uint32_t ack_timeout_ms_ = 0;
    std::uint32_t unacked_bytes_ = UINT32_MAX;  // at the last look
    Method method_ = Method::drain;
};

// How the drain ends when recv() fails with `error`.
[[nodiscard]] Drain drain_of_error(int error);

// The outcome of a drain that ended so, and leaves nothing to wait for.
[[nodiscard]] Outcome outcome_of_drain(Drain how);

// The outcome where recv() fails with `error`.
[[nodiscard]] Outcome outcome_of_error(int error, const DrainState& drain);

}  // namespace finwait
