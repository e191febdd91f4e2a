// SPDX-License-Identifier: Apache-2.0
//
// Fills a StatusView from the books, the counters and the kernel: reads, asks nobody, waits for
// nobody. Knows neither httpd nor APR.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "finwait/books.hpp"
#include "finwait/counters.hpp"
#include "module/status/foreign.hpp"
#include "module/status/view.hpp"

namespace finwait {

struct StatusSources {
    const Books* books = nullptr;
    std::string why_no_books;  // where it is null
    const CloserCounters& closer;
    const ModuleCounters& module;
    std::size_t slot = 0;         // of the closer that serves this child
    bool closer_is_gone = false;  // it is known to be
    ClosingSockets closing = {{}, "not asked"};
    std::chrono::nanoseconds monotonic{};
    std::chrono::nanoseconds realtime{};  // since the epoch, at the same instant
};

// Whether there is a closer, and how much it holds: at the cost of a few numbers.
struct CloserState {
    std::string trouble;  // a sentence without its full stop; empty: none
    std::chrono::milliseconds figures_of{};
    SocketCounts draining;
    SocketCounts waiting;
};

[[nodiscard]] CloserState state_of_closer(const StatusSources& sources);

[[nodiscard]] StatusView collect(const StatusSources& sources);

// What /proc says of the kernel's limits; for tests, another folder in its place.
[[nodiscard]] KernelView read_kernel(const std::string& proc = "/proc");

}  // namespace finwait
