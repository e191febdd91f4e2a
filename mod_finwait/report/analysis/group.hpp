// SPDX-License-Identifier: Apache-2.0
//
// What is known of the closes of one group, and of the User-Agents in it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "finwait/tally.hpp"
#include "report/analysis/address_count.hpp"
#include "report/families/families.hpp"

namespace finwait::report {

using CauseCounts = std::array<std::uint64_t, kCauses.size()>;

struct Group {
    std::string name;
    bool is_shared = false;  // closes of clients nobody can tell apart: never to blame
    Tally tally;
    std::uint64_t tallied = 0;   // closes among them that only tallies tell of
    CauseCounts stuck_causes{};  // as far as Records tell; a tally does not
    AddressCount addresses;
};

// One distinct User-Agent. Its family is looked up once.
struct Agent {
    Family family;
    bool is_wanted = true;
    Group* group = nullptr;  // where groups are made of User-Agents
    std::uint64_t closes = 0;
    std::uint64_t stuck = 0;
    std::uint64_t fin_wait_2_ms = 0;
};

}  // namespace finwait::report
