// SPDX-License-Identifier: Apache-2.0
//
// When each slot (a held socket, an account) must be looked at next.
#pragma once

#include "closer/moment.hpp"
#include "closer/slot_heap.hpp"

namespace finwait {

class Deadlines : public SlotHeap<Time> {
  public:
    [[nodiscard]] Time earliest() const { return empty() ? kNever : least(); }
    [[nodiscard]] std::uint32_t earliest_slot() const { return least_slot(); }
};

}  // namespace finwait
