// SPDX-License-Identifier: Apache-2.0
//
// What rows are made of, by the names of each table.
#include "contract/record_keys.hpp"
#include "report/fleet/questions.hpp"
#include "report/fleet/sql.hpp"
#include "report/input/clickhouse.hpp"

namespace finwait::report {

SqlRow Questions::row_of_records() const {
    SqlRow row;
    switch (by_) {
        case Dimension::family:
        case Dimension::ua:
            row.add(if_then(kOfProxy, "''", "user_agent"), key::kUserAgent);
            row.add(if_then(kOfProxy, "peer_address", "''"), key::kPeerAddress);
            break;
        case Dimension::vhost:
            row.add("vhost", key::kServerAddress);
            break;
        case Dimension::address:
            row.add("address", key::kClientAddress);
            break;
        case Dimension::peer:
            row.add("peer_address", key::kClientAddress);
            break;
        case Dimension::cause:
            row.add("cause", key::kCause);
            break;
        case Dimension::hour:
            row.add("toUInt32(toStartOfHour(time))", kHourKey);
            break;
    }
    return row;
}

// The evicted accounts' row is one of its own, whatever rows are made of.
SqlRow Questions::row_of_tallies(bool of_hours) const {
    const std::string evicted =
        of_hours ? std::string("(is_tally = 1 AND ") + kEvicted + ")" : kEvicted;
    const auto unless_evicted = [&](const char* name) {
        return if_then(evicted, "'(other)'", name);
    };
    SqlRow row;
    row.add(unless_evicted(is_of_agents(by_) ? "user_agent" : "''"), key::kUserAgent);
    row.add(unless_evicted(by_ == Dimension::vhost ? "vhost" : "''"), key::kServerAddress);
    if (is_of_agents(by_) || by_ == Dimension::peer) row.add("proxy", key::kPeerAddress);
    if (by_ == Dimension::hour)
        row.add(of_hours ? "toUInt32(hour)" : "toUInt32(toStartOfHour(since))", kHourKey);
    if (by_ == Dimension::cause) {
        std::string only;
        for (const auto& word : kCauses)
            only +=
                name_of_word("cause", word.name) + " = closes, " + engine_text(word.name) + ", ";
        row.add("multiIf(" + only + "'')", "only_cause");
    }
    row.add(of_hours ? "is_tally" : "1", fleet_key::kIsTally);
    row.add(if_then(is_known(), "1", "0"), "is_known");
    return row;
}

// As row_of_records(), by the names of that table.
SqlRow Questions::row_of_stuck_addresses() const {
    SqlRow row;
    if (is_of_agents(by_)) {
        row.add("user_agent", key::kUserAgent);
        row.add("proxy", key::kPeerAddress);
    } else if (by_ == Dimension::vhost) {
        row.add("vhost", key::kServerAddress);
    } else {
        row.add("toUInt32(hour)", kHourKey);
    }
    return row;
}

}  // namespace finwait::report
