// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace finwait {

// CLOCK_MONOTONIC, which every process on the machine reads alike.
inline std::chrono::nanoseconds monotonic_now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace finwait
