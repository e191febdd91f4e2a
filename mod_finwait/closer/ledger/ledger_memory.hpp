// SPDX-License-Identifier: Apache-2.0
//
// What lies where in the memory that belongs to httpd's parent and outlives every closer. Only
// closers have it, none of httpd's children.
//
//     0          4096           1 MiB
//     | hash key | VhostTotals  | slot 0: half 0 | half 1 | slot 1: half 0 | ...
//
// Key and slots are read and written like a file (LedgerStore), the totals are mapped.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace finwait {

inline constexpr off_t kHashKeyAt = 0;
inline constexpr off_t kVhostTotalsAt = 4096;
inline constexpr off_t kFirstSlotAt = off_t{1} << 20;
inline constexpr off_t kHalfSize = off_t{1} << 28;  // only what is written takes memory

constexpr off_t half_at(std::size_t slot, std::size_t half) {
    return kFirstSlotAt + static_cast<off_t>(2 * slot + half) * kHalfSize;
}

}  // namespace finwait
