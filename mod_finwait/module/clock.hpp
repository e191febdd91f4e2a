// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <time.h>

#include <chrono>

namespace finwait {

// CLOCK_MONOTONIC, which every process on the machine reads alike.
inline std::chrono::nanoseconds monotonic_now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

// A signal may end it early.
inline void pause_for(std::chrono::nanoseconds time) {  // under a second
    const timespec pause{0, static_cast<long>(time.count())};
    ::nanosleep(&pause, nullptr);
}

}  // namespace finwait
