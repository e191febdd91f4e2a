// SPDX-License-Identifier: Apache-2.0
//
// The memory that httpd's parent shares with closers and children, and its mappings of it.
#pragma once

#include <array>
#include <cstddef>

#include "module/parent/runtime.hpp"

namespace finwait {

struct Page {
    const void* address;  // null: there is none
    std::size_t size;
    int* memory;
    bool is_writable;
};
inline constexpr std::size_t kPages = 5;

[[nodiscard]] std::array<Page, kPages> pages_of(Runtime& runtime);
[[nodiscard]] int protection_of(const Page& page);

// These two are false with errno set where there are no counters. Without books or remedies it
// works: the first are then each closer's own and no page shows them, of the others there are none.
[[nodiscard]] bool make_pages(Runtime& runtime);
[[nodiscard]] bool map_pages(Runtime& runtime);

void unmap_pages(Runtime& runtime);

}  // namespace finwait
