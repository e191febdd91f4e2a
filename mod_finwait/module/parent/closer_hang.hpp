// SPDX-License-Identifier: Apache-2.0
//
// Closers that hang: stopped, traced, or stuck in a system call. Parent only. They are looked for
// every ten seconds (httpd's monitor hook), at a restart and at the stop.
#pragma once

#include "module/parent/runtime.hpp"

namespace finwait {

// Ends it by SIGKILL if it has made no turn for kPulseMissed, says so, and buries it. A doubt is
// watched for kDoubtLasts. False if it turns, or is no more.
[[nodiscard]] bool end_if_it_hangs(Runtime& runtime, CloserProcess& closer);

// The same without waiting, for who looks again and again and keeps the doubt.
[[nodiscard]] bool end_if_it_hangs(Runtime& runtime, CloserProcess& closer, Counter& doubted_ns);

// True if it may hang: it has made no turn since `then`.
[[nodiscard]] bool has_not_turned_since(const Runtime& runtime, const CloserProcess& closer,
                                        std::chrono::nanoseconds then);

}  // namespace finwait
