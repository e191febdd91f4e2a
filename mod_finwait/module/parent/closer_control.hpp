// SPDX-License-Identifier: Apache-2.0
//
// What the parent and a closer say to each other over the control channel. Parent only. What cannot
// be said is logged; it never fails the server.
#pragma once

#include <chrono>
#include <span>

#include "module/parent/runtime.hpp"

namespace finwait {

// Each waits until Runtime::messages_until for closers that do not read.
void allow_messages(Runtime& runtime, std::chrono::milliseconds time);

// All logs, then the limits: the sign to serve. False if it could not be told all.
[[nodiscard]] bool tell_configuration(const Runtime& runtime, const CloserProcess& closer);
// The same, and waits for the answer, and logs it. False if none came.
[[nodiscard]] bool configure(const Runtime& runtime, CloserProcess& closer);
void log_silence(const CloserProcess& closer);

// A closer that lives and cannot be told is sent a SIGTERM instead.
void tell_to_retire(const Runtime& runtime, const CloserProcess& closer);
void tell_to_finish(const Runtime& runtime, std::chrono::milliseconds grace);

void tell_logs_closed(const Runtime& runtime, std::span<const std::uint16_t> ids);

// Takes what the closers have had to say: that they are ready, and lines for the error log. Never
// waits, and takes no more than kNoticesPerLook.
void relay_notices(const Runtime& runtime, CloserProcess& closer);
void relay_notices(Runtime& runtime);

}  // namespace finwait
