// SPDX-License-Identifier: Apache-2.0
//
// An AutoRule in a message: in a Handoff, and in the parent's list of those that there are.
#pragma once

#include "contract/wire.hpp"
#include "finwait/auto_rule.hpp"

namespace finwait::wire {

inline void put_rule(Writer& writer, const AutoRule& rule) {
    writer.put(rule.stuck_percent);
    writer.put(rule.closes_min);
    writer.put(rule.requests);
    writer.put(rule.for_s);
}

// False if no directive could say that.
[[nodiscard]] inline bool get_rule(Reader& reader, AutoRule& rule) {
    rule.stuck_percent = reader.get<std::uint8_t>();
    rule.closes_min = reader.get<std::uint32_t>();
    rule.requests = reader.get<std::uint16_t>();
    rule.for_s = reader.get<std::uint32_t>();
    return rule.stuck_percent >= 1 && rule.stuck_percent <= 100 && rule.closes_min >= 1 &&
           rule.closes_min <= AutoRule::kClosesMax && rule.requests <= AutoRule::kRequestsMax &&
           rule.for_s >= 1 && rule.for_s <= AutoRule::kForMaxS;
}

}  // namespace finwait::wire
