// SPDX-License-Identifier: Apache-2.0
//
// Closes of one row that somebody else has summed up: the engine of a fleet. Addresses do not add
// up and are told apart.
#pragma once

#include <optional>
#include <string>

#include "finwait/tally.hpp"
#include "report/analysis/group.hpp"

namespace finwait::report {

struct Summed {
    TallyLine line;         // `since` is the first close's time, `until` the last one's
    bool is_tally = false;  // of tallies, not of Records
    std::uint64_t left_out =
        0;  // of these, wanted; but what else the tallies say is of others, too
    CauseCounts stuck_causes{};
    std::optional<Cause> cause;  // by cause, of Records: the row's
    std::string address;         // by address and by peer, of Records: the row's
};

}  // namespace finwait::report
