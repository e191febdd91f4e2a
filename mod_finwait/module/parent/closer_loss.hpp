// SPDX-License-Identifier: Apache-2.0
//
// What is left to do for a closer that has died. Parent only.
#pragma once

#include "module/parent/runtime.hpp"

namespace finwait {

// True if the closer of this slot, whose process is gone, had not come to its orderly end.
[[nodiscard]] bool has_died(const Runtime& runtime, const CloserProcess& closer);

// Counts as `lost`, and says in the error log, what it held. Nothing if that was done before.
void book_loss(const Runtime& runtime, const CloserProcess& closer);

// Takes what is queued for a closer that will not run, lets it go, and counts it as `lost`.
void book_queue_as_lost(const Runtime& runtime, const CloserProcess& closer);

// Its last words, and what it held. The slot is free again.
void bury(Runtime& runtime, CloserProcess& closer);

}  // namespace finwait
