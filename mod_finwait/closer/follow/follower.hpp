// SPDX-License-Identifier: Apache-2.0
//
// Follows closed sockets to their end. After close() the kernel keeps an unfinished connection,
// owned by no process; its cookie still names it. The Follower samples these sockets once per
// interval, and writes each one's Record when it has ended, with what its end was.
//
// A sample of few sockets is one look-up each. A sample of many is a sweep over all sockets in the
// closing states, one buffer per turn; what it did not show gets a look-up. So absence is always
// proved by a look-up, never by a sweep, which the kernel may interrupt.
//
// Bounded: sockets by FinWaitMaxFollowed, work per turn by one buffer of replies, kLookUpsPerTurn
// and kVisitsPerTurn.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "closer/channel/notices.hpp"
#include "closer/drain/client_table.hpp"
#include "closer/drain/record_keeper.hpp"
#include "closer/follow/followed_close.hpp"
#include "closer/follow/followed_sockets.hpp"
#include "closer/follow/sock_diag.hpp"
#include "closer/moment.hpp"
#include "finwait/counters.hpp"

namespace finwait {

// Up to so many a look-up each costs less than a walk over the kernel's whole table.
inline constexpr std::size_t kFewFollowed = 64;
inline constexpr std::size_t kLookUpsPerTurn = 64;
inline constexpr std::size_t kVisitsPerTurn = 4096;
// How often one sample's sweep is begun again when the kernel interrupted it; then look-ups decide.
inline constexpr int kSweepAttemptsMax = 3;
// So many intervals in a row without an answer, though none that was final, and following ends.
inline constexpr int kFailuresMax = 10;

struct FollowLimits {
    std::uint32_t max_followed = 0;  // 0: nothing is followed
    Time interval = std::chrono::seconds(1);
    std::vector<std::uint16_t>
        ports;  // the server's own; none: not known, nor what is unattributed
};

// Sockets in the closing states on the server's ports that are neither held nor followed: older
// than this closer, still httpd's own, or another program's.
struct Unattributed {
    std::size_t fin_wait_1 = 0;
    std::size_t fin_wait_2 = 0;
    std::size_t closing = 0;
};

struct FollowStats {
    std::uint64_t sweeps = 0;
    std::uint64_t interrupted = 0;
    std::uint64_t no_buffer = 0;
    std::uint64_t look_ups = 0;
    std::uint64_t failures = 0;
};

class Follower {
  public:
    using IsHeld = std::function<bool(std::uint64_t cookie)>;

    // `followed` is a gauge. A null `diag` follows nothing.
    Follower(std::unique_ptr<SockDiag> diag, CloserCounters& counters, Counter& followed,
             RecordKeeper& records, Notices& notices, IsHeld is_held)
        : diag_(std::move(diag)),
          counters_(counters),
          followed_(followed),
          records_(records),
          notices_(notices),
          is_held_(std::move(is_held)) {}

    // At every setup; tries anew what failed before. A lower limit ends nothing that is followed.
    void configure(FollowLimits limits, Moment now);

    // Takes over a close whose socket, `id`, has just been closed in `end.facts.state`, and writes
    // its Record, now or later.
    void follow(const Handoff& handoff, const CloseEnd& end, const SocketId& id, Moment now);

    void turn(Moment now);
    [[nodiscard]] Time due() const;

    // Follows `max` no longer, the first in its table: their Records say what is known so far.
    void stop(std::size_t max, Moment now);

    [[nodiscard]] std::size_t followed() const { return sockets_.size(); }
    [[nodiscard]] std::size_t followed_max() const { return limits_.max_followed; }
    [[nodiscard]] std::size_t followed_in(TcpState state) const { return sockets_.size_in(state); }

    // Asks for a sweep unless the last one is younger than an interval. True: unattributed() is.
    bool sweep_now(Time now);
    // As the last sweep found them. Nothing before the first, without ports, and after a sweep that
    // may have missed some.
    [[nodiscard]] const std::optional<Unattributed>& unattributed() const { return unattributed_; }

    [[nodiscard]] bool is_working() const { return is_working_; }
    [[nodiscard]] const std::string& why_not() const { return why_not_; }
    [[nodiscard]] const FollowStats& stats() const { return stats_; }

    // In no order.
    void for_each(const std::function<void(const ShownSocket&)>& visit) const;
    // The `count` with the earliest half-close, oldest first.
    [[nodiscard]] std::vector<ShownSocket> oldest(std::size_t count) const;

  private:
    enum class Phase : std::uint8_t { idle, sweeping, checking };

    void begin_sample(Moment now);
    void begin_sweep(Moment now);
    void go_on_sweeping(Moment now);
    void sweep_again(bool may, Moment now);
    void end_sweep(bool is_complete, Time now);
    void do_without_sweep(int error, Moment now);
    void begin_checking();
    void go_on_checking(Moment now);
    void note(const DiagSocket& seen, Moment now);
    void look_at(std::uint32_t slot, bool is_just_closed, Moment now);
    void see(FollowedSocket& socket, const DiagSocket& seen, Time when);
    void on_seen(std::uint32_t slot, const DiagSocket& seen, Moment now);
    void finish(std::uint32_t slot, FollowedEnd end, Moment now);
    void fail(int error, Moment now);
    void give_up(std::string why, Moment now);
    void keep_unfollowed(const Handoff& handoff, const CloseEnd& end, Moment now);
    void publish();

    std::unique_ptr<SockDiag> diag_;
    CloserCounters& counters_;
    Counter& followed_;
    RecordKeeper& records_;
    Notices& notices_;
    IsHeld is_held_;

    FollowLimits limits_;
    bool is_working_ = false;
    std::string why_not_ = "not set up";
    ClientTable clients_;
    FollowedSockets sockets_;

    Phase phase_ = Phase::idle;
    std::uint32_t sample_ = 0;
    Time next_sample_{};  // if anything is followed
    Time sample_begin_{};
    bool sweep_is_wanted_ = false;
    int sweep_attempts_ = 0;
    Time replies_of_{};  // when the kernel filled the buffer that is read next
    std::vector<DiagSocket> seen_;
    std::uint32_t cursor_ = 0;         // of checking: a slot
    int failures_ = 0;                 // in a row
    Time next_failure_ = Time::min();  // counted
    Time swept_ = Time::min();  // the last sweep's end, of whatever kind; never before the first
    std::optional<Unattributed> unattributed_;
    Unattributed counting_;  // of the sweep that goes on
    FollowStats stats_;
};

}  // namespace finwait
