// SPDX-License-Identifier: Apache-2.0
//
// What the engine is asked for a report, as SQL that 18.16 and 26.7 both know; the tables are those
// of conf/fleet/clickhouse/schema.sql. The sums by hour answer most questions; where a filter or a
// dimension asks what they do not know, the Records and tallies themselves do. Tables that go with
// a question: `clients` (user_agent, name) are those wanted, `addresses` (address) those of the
// wanted network, `suspects` (peer_address, since_ms) the answer to suspects().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/analysis/dimension.hpp"
#include "report/analysis/filter.hpp"
#include "report/fleet/sql.hpp"

namespace finwait::report {

// Peers that are judged, those with most stuck closes: each brings its own User-Agents.
inline constexpr std::size_t kSuspectsMax = 1000;

class Questions {
  public:
    Questions(const Filter& filter, Dimension by);

    // What `clients` and `addresses` are made of.
    [[nodiscard]] std::string user_agents() const;
    [[nodiscard]] std::string addresses() const;
    [[nodiscard]] bool needs_clients() const { return by_ == Dimension::family || has_client(); }

    // Lines for parse_summed().
    [[nodiscard]] std::vector<std::string> rows() const;
    // Lines for parse_stuck_address(): at most two for each row, as only they can have half of its
    // stuck closes.
    [[nodiscard]] std::vector<std::string> stuck_addresses() const;
    [[nodiscard]] std::string stuck_addresses_of_all() const;
    // {"addresses"}, and {"name","addresses"} of families, whose addresses do not add up.
    [[nodiscard]] std::string address_count() const;
    [[nodiscard]] std::string addresses_of_families() const;
    // {"peer_address","since_ms"} with so many stuck closes, of two User-Agents or more.
    [[nodiscard]] std::string suspects(std::uint64_t stuck_min) const;
    // Of each User-Agent that came through one: {"peer_address","user_agent","closes_",
    // "stuck_closes"}, in order of peers; and all counts, as lines for parse_summed().
    [[nodiscard]] std::string through_suspects() const;
    [[nodiscard]] std::string summed_through_suspects() const;
    // {"vhost"}; {"minute","closes_","stuck_closes"}; {"records_","tallies_","dropped_","foreign_",
    // "hosts_"}
    [[nodiscard]] std::vector<std::string> vhosts() const;
    [[nodiscard]] std::vector<std::string> minutes() const;
    [[nodiscard]] std::string hosts() const;

  private:
    [[nodiscard]] bool has_client() const { return filter_.user_agent || filter_.family; }
    [[nodiscard]] SqlRow row_of_records() const;
    [[nodiscard]] SqlRow row_of_tallies(bool of_hours) const;
    [[nodiscard]] SqlRow row_of_stuck_addresses() const;
    [[nodiscard]] std::string hours() const;
    [[nodiscard]] std::string closes() const;
    // For what a close that is there twice does not change: faster.
    [[nodiscard]] std::string closes_or_doubles() const;
    [[nodiscard]] std::string closes_of(std::string_view table) const;
    [[nodiscard]] std::string closes_through_suspects() const;
    [[nodiscard]] std::string tallies() const;
    [[nodiscard]] std::string stuck() const;
    [[nodiscard]] std::string stuck_count() const;
    [[nodiscard]] std::string is_known() const;
    [[nodiscard]] std::string wanted_of_tallies() const;

    const Filter& filter_;
    Dimension by_;
    bool is_by_hours_;
};

// Of each Record as a line of the log with that cookie; then what only tallies tell.
[[nodiscard]] std::string records_of_cookie(std::uint64_t cookie);

}  // namespace finwait::report
