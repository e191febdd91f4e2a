// SPDX-License-Identifier: Apache-2.0
//
// A thread beside the closer's own, for what may hang. It has all signals but SIGSYS blocked: the
// closer takes its own by descriptor, and SIGSYS tells of a call that the filter has refused.
#pragma once

#include <functional>
#include <thread>

namespace finwait {

// 0, or an errno and no thread.
[[nodiscard]] int start_helper(std::thread& thread, std::function<void()> run);

}  // namespace finwait
