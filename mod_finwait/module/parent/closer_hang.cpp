// SPDX-License-Identifier: Apache-2.0
#include "module/parent/closer_hang.hpp"

#include <signal.h>

#include <algorithm>

#include "module/clock.hpp"
#include "module/parent/closer_loss.hpp"
#include "module/parent/hang.hpp"
#include "module/parent/other_child.hpp"

namespace finwait {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// Until its first turn: to become another user it may have to ask a slow name service.
constexpr seconds kStartUpMax{8};
constexpr milliseconds kDoubtPause{20};
constexpr milliseconds kKilledWait{1000};
constexpr milliseconds kKilledPause{2};

nanoseconds last_turn(const Runtime& runtime, const CloserProcess& closer) {
    return time_in(runtime.closer_counters->turned_ns[static_cast<std::size_t>(closer.slot)]);
}

// As if it had turned until then: the stamp may be its predecessor's.
nanoseconds expected_since(const Runtime& runtime, const CloserProcess& closer) {
    const nanoseconds turned = last_turn(runtime, closer);
    if (closer.ready) return turned;
    return std::max(turned, nanoseconds(closer.started.time_since_epoch()) + kStartUpMax);
}

// What the kernel cannot let go of yet (a write to a frozen file system) is not waited for: it
// executes nothing of its own any more.
void kill_and_reap(pid_t pid) {
    ::kill(pid, SIGKILL);
    const auto until = monotonic_now() + kKilledWait;
    while (!is_gone(pid) && monotonic_now() < until) pause_for(kKilledPause);
}

}  // namespace

bool has_not_turned_since(const Runtime& runtime, const CloserProcess& closer, nanoseconds then) {
    return last_turn(runtime, closer) < then;
}

bool end_if_it_hangs(Runtime& runtime, CloserProcess& closer, Counter& doubted_ns) {
    const nanoseconds now = monotonic_now();
    const nanoseconds turned = expected_since(runtime, closer);
    if (!hangs(turned, doubted_ns, now) || !is_alive(closer.pid)) return false;
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                 "finwait: closer %d has made no turn for %d s: it hangs, and is killed",
                 static_cast<int>(closer.pid),
                 static_cast<int>(std::chrono::duration_cast<seconds>(now - turned).count()));
    kill_and_reap(closer.pid);
    bury(runtime, closer);
    return true;
}

bool end_if_it_hangs(Runtime& runtime, CloserProcess& closer) {
    Counter doubted_ns{0};
    while (!end_if_it_hangs(runtime, closer, doubted_ns)) {
        const bool may_hang = has_not_turned_since(runtime, closer, time_in(doubted_ns));
        if (!may_hang || !is_alive(closer.pid)) return false;
        pause_for(kDoubtPause);
    }
    return true;
}

}  // namespace finwait
