// SPDX-License-Identifier: Apache-2.0
//
// Ranks the accounts in the books of all closers and copies those that are shown. An account that
// two closers have is one here. A first pass looks at the figures alone, the second copies.
#pragma once

#include <array>
#include <cstdint>

#include "finwait/books.hpp"
#include "module/status/view.hpp"

namespace finwait {

// How far a closer's gauges can be believed.
struct SlotClock {
    bool holds = false;        // it has not ended: what it says it holds counts
    std::uint64_t now_ns = 0;  // CLOCK_MONOTONIC; of one that has died, when it last wrote
};
using SlotClocks = std::array<SlotClock, kCloserSlots>;

// Fills everything in `view` that is about closes and their clients.
void read_accounts(const Books& books, const SlotClocks& clocks, StatusView& view);

}  // namespace finwait
