// SPDX-License-Identifier: Apache-2.0
//
// What the parent and a closer say to each other over the control channel. Parent only. What cannot
// be said is logged; it never fails the server.
#pragma once

#include <chrono>

#include "module/parent/runtime.hpp"

namespace finwait {

// All logs, then the limits: the sign to serve.
void tell_configuration(const Runtime& runtime, const CloserProcess& closer);

// Waits for the answer to that, at most kControlWait, and logs it.
void await_ready(const Runtime& runtime, CloserProcess& closer);

// A closer that lives and cannot be told is sent a SIGTERM instead.
void tell_to_retire(const CloserProcess& closer);
void tell_to_finish(const Runtime& runtime, std::chrono::milliseconds grace);

void tell_log_close(Runtime& runtime, std::uint16_t id);

// Takes what the closers have had to say: that they are ready, and lines for the error log. Never
// waits.
void relay_notices(const Runtime& runtime, CloserProcess& closer);
void relay_notices(Runtime& runtime);

}  // namespace finwait
