// SPDX-License-Identifier: Apache-2.0
//
// The parent's end of the control channel to one closer. Parent only. Sending waits until a moment
// that the caller sets; receiving never waits unless asked to.
#pragma once

#include <chrono>
#include <functional>

#include "finwait/control.hpp"

namespace finwait {

using Deadline = std::chrono::steady_clock::time_point;

// How long httpd's parent waits for closers that do not read, in all of a restart or a start.
inline constexpr std::chrono::milliseconds kControlWait{2000};

// False with errno set if the closer is gone or has not read by `until`. `descriptor` -1: none.
[[nodiscard]] bool send_control(int control, const Control& message, Deadline until,
                                int descriptor = -1);

enum class ControlRead { message, nothing, gone };

// Reads one message and passes it on; waits up to `wait` for it.
[[nodiscard]] ControlRead receive_control(int control, std::chrono::milliseconds wait,
                                          const std::function<void(const Control&)>& receiver);

}  // namespace finwait
