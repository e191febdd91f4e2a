// SPDX-License-Identifier: Apache-2.0
#include "report/fleet/answers.hpp"

#include "contract/members.hpp"
#include "contract/record_keys.hpp"
#include "report/fleet/columns.hpp"

namespace finwait::report {

namespace {

// What a row is called, where it is not a tally's own key.
void parse_row(Members& members, Summed& row) {
    row.address = members.optional_text(key::kClientAddress);
    if (const auto cause = members.optional_text(key::kCause); !cause.empty())
        row.cause = word_named<Cause>(cause);
}

}  // namespace

std::optional<Summed> parse_summed(std::string_view text) {
    auto line = parse_tally(text);
    if (!line) return std::nullopt;
    Summed summed;
    summed.line = std::move(*line);
    LineParser parser;
    auto members = parser.parse(text);
    parse_row(*members, summed);
    summed.is_tally = members->optional_number(fleet_key::kIsTally) != 0;
    summed.left_out = members->optional_number(fleet_key::kLeftOut);
    for (const auto& word : kCauses)
        summed.stuck_causes[static_cast<std::size_t>(word.value)] =
            members->optional_number(key::tally_key(fleet_key::kStuckCause, word.name));
    if (!members->ok()) return std::nullopt;
    return summed;
}

std::optional<StuckAddress> parse_stuck_address(std::string_view text) {
    LineParser parser;
    auto members = parser.parse(text);
    if (!members) return std::nullopt;
    StuckAddress found;
    parse_row(*members, found.row);
    TallyLine& line = found.row.line;
    line.user_agent = members->optional_text(key::kUserAgent);
    line.proxy = members->optional_text(key::kPeerAddress);
    line.vhost = members->optional_text(key::kServerAddress);
    line.since = std::chrono::seconds(members->optional_number("at"));
    found.name = members->optional_text("name");
    found.address = members->text("address");
    found.stuck = members->number<std::uint64_t>("stuck_closes");
    if (!members->ok()) return std::nullopt;
    return found;
}

}  // namespace finwait::report
