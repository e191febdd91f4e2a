// SPDX-License-Identifier: Apache-2.0
//
// The parent's end of the control channel to one closer. Parent only. Sending may wait, but never
// longer than kControlWait; receiving never waits unless asked to.
#pragma once

#include <chrono>
#include <functional>

#include "finwait/control.hpp"

namespace finwait {

inline constexpr std::chrono::milliseconds kControlWait{2000};

// Sets how long send_control() may wait for a closer that does not read.
void bound_control_wait(int control);

// False with errno set if the closer is gone or does not read. `descriptor` -1: none.
[[nodiscard]] bool send_control(int control, const Control& message, int descriptor = -1);

enum class ControlRead { message, nothing, gone };

// Reads one message and passes it on; waits up to `wait` for it.
[[nodiscard]] ControlRead receive_control(int control, std::chrono::milliseconds wait,
                                          const std::function<void(const Control&)>& receiver);

}  // namespace finwait
