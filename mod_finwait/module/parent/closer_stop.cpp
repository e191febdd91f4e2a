// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>

#include "finwait/control.hpp"
#include "module/parent/closer_control.hpp"
#include "module/parent/closer_loss.hpp"
#include "module/parent/closer_process.hpp"

namespace finwait {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kLastRecordsWait{1000};
constexpr milliseconds kStopPoll{50};

bool has_ended(const Runtime& runtime, CloserProcess& closer) {
    if (closer.pid == 0) return true;
    const pid_t ended = ::waitpid(closer.pid, nullptr, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return false;
    relay_notices(runtime, closer);
    closer.pid = 0;
    return true;
}

bool all_have_ended(Runtime& runtime) {
    bool all = true;
    for (CloserProcess& closer : runtime.closers) {
        relay_notices(runtime, closer);
        all = has_ended(runtime, closer) && all;
    }
    return all;
}

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
        const timespec wait{0, std::chrono::nanoseconds(time).count()};
        return ::sigtimedwait(&signals_, nullptr, &wait) > 0;
    }

  private:
    sigset_t signals_;
};

}  // namespace

void stop_closers(Runtime& runtime, milliseconds grace) {
    const bool unbounded = grace.count() == kGraceUnbounded;
    SignalsToStop stop;
    tell_to_finish(runtime, grace);
    auto deadline = Clock::now() + grace + kLastRecordsWait;
    bool told_again = grace.count() == 0;
    while (!all_have_ended(runtime) && (unbounded || Clock::now() < deadline)) {
        if (!stop.came_within(kStopPoll) || told_again) continue;
        told_again = true;
        tell_to_finish(runtime, milliseconds(0));
        deadline = Clock::now() + kLastRecordsWait;
    }
    for (const CloserProcess& closer : runtime.closers)
        if (closer.pid == 0) book_loss(runtime, closer);
}

}  // namespace finwait
