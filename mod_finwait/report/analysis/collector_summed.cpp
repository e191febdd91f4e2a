// SPDX-License-Identifier: Apache-2.0
//
// The Collector's other way in: rows that a fleet's engine has summed up.
#include "report/analysis/collector.hpp"

namespace finwait::report {

namespace {

void add_counts(Group& group, const Summed& summed) {
    group.tally += summed.line.tally;
    for (std::size_t i = 0; i < summed.stuck_causes.size(); ++i)
        group.stuck_causes[i] += summed.stuck_causes[i];
}

}  // namespace

void Collector::add(const Summed& summed) {
    const TallyLine& line = summed.line;
    left_out_ += summed.left_out;
    if (summed.left_out > 0) return;
    note_span(line.since, line.until);
    if (summed.is_tally) return add(line);
    add_counts(group_of_summed(summed), summed);
    add_counts(all_, summed);
    add_addresses(summed, line.addresses);
    if (is_of_agents(by_) && line.proxy.empty()) add_to_agent(line);
}

Group& Collector::group_of_summed(const Summed& summed) {
    if (summed.is_tally) return group_of_tally(summed.line);
    if (is_of_agents(by_) && !summed.line.proxy.empty())
        return proxy_group(parse_address(summed.line.proxy));
    if (by_ == Dimension::address || by_ == Dimension::peer)
        return group_of_address(parse_address(summed.address));
    Close like;
    like.vhost = summed.line.vhost;
    like.user_agent = summed.line.user_agent;
    like.half_close = summed.line.since;
    like.cause = summed.cause.value_or(Cause::other);
    return group_of(like, agent_of(like.user_agent));
}

void Collector::add_addresses(const Summed& row, std::uint64_t addresses) {
    AddressCount& count = group_of_summed(row).addresses;
    const auto address = parse_address(row.address);
    if (by_ == Dimension::address && address)
        return count.add(HashedAddress(*address), row.line.tally.stuck);
    // A network's rows became one, and what they counted does not add up.
    const bool is_of_peer = by_ == Dimension::peer || !row.line.proxy.empty();
    if (is_of_peer && anonymize_) return count.add_at_least(addresses);
    count.add_counted(addresses);
}

void Collector::add_stuck_address(const Summed& row, std::string_view address,
                                  std::uint64_t stuck) {
    if (const auto parsed = parse_address(address))
        group_of_summed(row).addresses.add(HashedAddress(*parsed), stuck);
}

void Collector::add_stuck_address(std::string_view family, std::string_view address,
                                  std::uint64_t stuck) {
    if (const auto parsed = parse_address(address))
        group_named(family).addresses.add(HashedAddress(*parsed), stuck);
}

void Collector::add_stuck_address_of_all(std::string_view address, std::uint64_t stuck) {
    if (const auto parsed = parse_address(address))
        all_.addresses.add(HashedAddress(*parsed), stuck);
}

void Collector::add_through_peer(std::string_view address, const Summed& summed) {
    const auto parsed = parse_address(address);
    if (!parsed) return;
    const PeerClient through{summed.line.tally, summed.stuck_causes};
    peers_.add(HashedAddress(*parsed), group_of_summed(summed), through);
}

void Collector::forget_peer(std::string_view address) {
    if (const auto parsed = parse_address(address)) peers_.forget(HashedAddress(*parsed));
}

}  // namespace finwait::report
