// SPDX-License-Identifier: Apache-2.0
#include "closer/turn_alarm.hpp"

#include <unistd.h>

#include <csignal>

// A C library before glibc 2.38 has the field and not its name.
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

namespace finwait {

namespace {

constexpr Time kAgain = std::chrono::milliseconds(1);

void do_nothing(int) {}

}  // namespace

TurnAlarm::TurnAlarm() {
    struct sigaction action {};
    action.sa_handler = do_nothing;
    ::sigaction(SIGALRM, &action, nullptr);
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGALRM;
    event.sigev_notify_thread_id = ::gettid();
    is_there_ = ::timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
}

TurnAlarm::~TurnAlarm() {
    if (is_there_) ::timer_delete(timer_);
}

void TurnAlarm::set() const {
    if (!is_there_) return;
    const itimerspec times{{0, kAgain.count()}, {0, kTurnMax.count()}};
    ::timer_settime(timer_, 0, &times, nullptr);
}

void TurnAlarm::clear() const {
    if (!is_there_) return;
    const itimerspec never{};
    ::timer_settime(timer_, 0, &never, nullptr);
}

}  // namespace finwait
