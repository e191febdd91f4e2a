// SPDX-License-Identifier: Apache-2.0
//
// Making the channel, and saying how much it holds. Parent only.
#pragma once

#include <array>

#include "finwait/control.hpp"

namespace finwait {

// One end of each lane; -1: closed.
using LaneEnds = std::array<int, kChannelLanes>;

// Both ends close-on-exec and lifted(). The sending ends never block. False with errno set.
[[nodiscard]] bool open_channel(LaneEnds& send, LaneEnds& receive);

void close_and_forget(LaneEnds& ends);

struct ChannelCapacity {
    unsigned long messages;     // of typical size, before EAGAIN
    unsigned long descriptors;  // in flight for one user, before ETOOMANYREFS
    bool forced;                // the buffers were not capped by net.core.wmem_max
};

[[nodiscard]] ChannelCapacity capacity_of(const LaneEnds& send);

}  // namespace finwait
