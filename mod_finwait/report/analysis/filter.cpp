// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/filter.hpp"

#include <strings.h>

namespace finwait::report {

bool is_same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool Filter::wants_time(std::chrono::milliseconds time) const {
    return (!since || time >= *since) && (!until || time < *until);
}

bool Filter::wants_client(std::string_view agent, const Family& its_family) const {
    if (user_agent && !RE2::PartialMatch({agent.data(), agent.size()}, *user_agent)) return false;
    return !family || is_same_name(its_family.name, *family);
}

bool Filter::wants(const Close& close) const {
    if (!wants_time(close.half_close)) return false;
    if (vhost && !is_same_name(close.vhost, *vhost)) return false;
    if (outcome && close.outcome != *outcome) return false;
    if (cause && close.cause != *cause) return false;
    if (!network) return true;
    const auto address = client_address(close);
    return address && network->contains(*address);
}

Filter::Part Filter::part_of(const TallyLine& line) const {
    if (!wants_time(line.since) || (vhost && !is_same_name(line.vhost, *vhost))) return {};
    const std::uint64_t all = line.tally.closes;
    Part part{all, !network};
    const auto narrow = [&](std::uint64_t closes) {
        part.is_known = part.is_known && (closes == 0 || closes == all);
        part.closes = std::min(part.closes, closes);
    };
    if (outcome) narrow(line.tally.outcomes[static_cast<std::size_t>(*outcome)]);
    if (cause) narrow(line.tally.causes[static_cast<std::size_t>(*cause)]);
    return part;
}

}  // namespace finwait::report
