// SPDX-License-Identifier: Apache-2.0
//
// Making the channel, and saying how much it holds. Parent only.
#pragma once

namespace finwait {

// Both ends close-on-exec and lifted(). The sending end never blocks. False with errno set.
[[nodiscard]] bool open_channel(int& send, int& receive);

struct ChannelCapacity {
    unsigned long messages;     // of typical size, before EAGAIN
    unsigned long descriptors;  // in flight for one user, before ETOOMANYREFS
    bool forced;                // the buffer was not capped by net.core.wmem_max
};

[[nodiscard]] ChannelCapacity capacity_of(int send);

}  // namespace finwait
