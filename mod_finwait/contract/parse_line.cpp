// SPDX-License-Identifier: Apache-2.0
#include "contract/parse_line.hpp"

#include "contract/members.hpp"
#include "contract/record_keys.hpp"

namespace finwait {

LineKind LogLineParser::parse(std::string_view line) {
    close_ = records_.parse(line);
    return close_ ? LineKind::record : parse_other(line);
}

LineKind LogLineParser::parse_other(std::string_view line) {
    LineParser parser;
    auto members = parser.parse(line);
    if (!members) return LineKind::broken;
    const std::string_view event = members->text(key::kEventName);
    if (event == key::kTallyEvent) {
        tally_ = parse_tally(line);
        return tally_ ? LineKind::tally : LineKind::broken;
    }
    if (event == key::kDroppedEvent) {
        dropped_ = members->number<std::uint64_t>(key::kDropped);
        return members->ok() ? LineKind::dropped : LineKind::broken;
    }
    return event == key::kCloseEvent ? LineKind::broken : LineKind::foreign;
}

}  // namespace finwait
