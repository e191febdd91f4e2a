// SPDX-License-Identifier: Apache-2.0
//
// Asks the closer for the status page. Waits, but never longer than it is told to; any thread that
// may wait. Plain descriptors, no httpd, no APR.
#pragma once

#include <chrono>
#include <span>
#include <string>

#include "finwait/question.hpp"

namespace finwait {

struct Answer {
    int descriptor = -1;  // of the page, and the caller's to close; -1: there is none
    std::string why_not;  // a sentence without its full stop
};

// By the first of `lanes` that has room, as a Handoff.
[[nodiscard]] Answer ask(std::span<const int> lanes, const Question& question,
                         std::chrono::milliseconds wait_max);

// The page's size; 0 if it is no memory that the closer may have made.
[[nodiscard]] std::size_t size_of_answer(int descriptor);

}  // namespace finwait
