// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "finwait/control.hpp"
#include "module/clock.hpp"
#include "module/parent/closer_control.hpp"
#include "module/parent/closer_hang.hpp"
#include "module/parent/closer_loss.hpp"
#include "module/parent/closer_process.hpp"

namespace finwait {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kLastRecordsWait{1000};
constexpr milliseconds kStopPoll{50};

bool has_ended(Runtime& runtime, CloserProcess& closer) {
    if (closer.pid == 0) return true;
    const pid_t ended = ::waitpid(closer.pid, nullptr, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return false;
    bury(runtime, closer);
    return true;
}

// One to look again and again at those that have been told to end.
class Ending {
  public:
    explicit Ending(Runtime& runtime) : runtime_(runtime) {}

    [[nodiscard]] bool all_have_ended() {
        bool all = true;
        for (CloserProcess& closer : runtime_.closers) {
            relay_notices(runtime_, closer);
            Counter& doubted_ns = doubted_ns_[static_cast<std::size_t>(closer.slot)];
            all = (has_ended(runtime_, closer) || end_if_it_hangs(runtime_, closer, doubted_ns)) &&
                  all;
        }
        return all;
    }
    // Whoever turns will end by himself.
    [[nodiscard]] bool all_turn() const {
        return std::ranges::none_of(runtime_.closers, [&](const CloserProcess& closer) {
            return closer.pid != 0 && has_not_turned_since(runtime_, closer, told_);
        });
    }

  private:
    Runtime& runtime_;
    std::chrono::nanoseconds told_ = monotonic_now();
    std::array<Counter, kCloserSlots> doubted_ns_{};
};

// httpd's own handlers ignore a signal by now: its retained data is already forgotten.
class SignalsToStop {
  public:
    SignalsToStop() {
        ::sigemptyset(&signals_);
        ::sigaddset(&signals_, SIGTERM);
        ::sigaddset(&signals_, SIGINT);
        ::sigprocmask(SIG_BLOCK, &signals_, nullptr);
    }

    bool came_within(milliseconds time) const {
        const timespec wait{0, static_cast<long>(std::chrono::nanoseconds(time).count())};
        return ::sigtimedwait(&signals_, nullptr, &wait) > 0;
    }

  private:
    sigset_t signals_;
};

}  // namespace

void stop_closers(Runtime& runtime, milliseconds grace) {
    const bool unbounded = grace.count() == kGraceUnbounded;
    SignalsToStop stop;
    Ending ending(runtime);
    allow_messages(runtime, kLastRecordsWait);
    tell_to_finish(runtime, grace);
    auto deadline = Clock::now() + grace + kLastRecordsWait;
    bool told_again = grace.count() == 0;
    while (!ending.all_have_ended()) {
        if (!unbounded && Clock::now() >= deadline && ending.all_turn()) break;
        if (!stop.came_within(kStopPoll) || told_again) continue;
        told_again = true;
        allow_messages(runtime, kLastRecordsWait);
        tell_to_finish(runtime, milliseconds(0));
        deadline = Clock::now() + kLastRecordsWait;
    }
    for (const CloserProcess& closer : runtime.closers) {
        if (closer.pid != 0) continue;
        book_loss(runtime, closer);
        book_queue_as_lost(runtime, closer);
    }
}

}  // namespace finwait
