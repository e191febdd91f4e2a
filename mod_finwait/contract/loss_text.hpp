// SPDX-License-Identifier: Apache-2.0
//
// What the error log is told when a closer has died, by whoever learns of it first.
#pragma once

#include <string>

#include "finwait/counters.hpp"

namespace finwait {

inline std::string loss_text(const Loss& loss) {
    std::string text = "a closer died and left ";
    const std::uint64_t unfinished = loss.closes - loss.ended;
    if (unfinished > 0)
        text += std::to_string(unfinished) +
                " closes unfinished: the kernel ended them as without a lingering close, and their "
                "clients may have lost the end of a reply";
    if (unfinished > 0 && loss.ended > 0) text += "; and ";
    if (loss.ended > 0)
        text +=
            std::to_string(loss.ended) + " finished closes, perhaps without their line in a log";
    return text;
}

}  // namespace finwait
