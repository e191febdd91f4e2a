// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/collector.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "presentation/text.hpp"

namespace finwait::report {

namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::size_t kAddressGroupsMax = 100'000;

// Debian 12's Abseil has a string_view of its own.
absl::string_view absl_view(std::string_view text) {
    return {text.data(), text.size()};
}

bool is_of_evicted_accounts(const TallyLine& line) {
    return line.vhost == kOtherAccount && line.user_agent == kOtherAccount;
}

}  // namespace

std::string hour_text(std::chrono::milliseconds time) {
    return time_text(std::chrono::floor<std::chrono::hours>(time)).substr(0, 16);
}

Collector::Collector(const Families& families, Filter filter, Dimension by, bool anonymize)
    : families_(families), filter_(std::move(filter)), by_(by), anonymize_(anonymize) {}

void Collector::take(const Close& close) {
    Agent& agent = agent_of(close.user_agent);
    const bool is_of_proxy = close.is_of_proxy();
    if (!(is_of_proxy ? wants_proxies() : agent.is_wanted) || !filter_.wants(close)) return;
    const bool is_stuck = close.is_stuck();
    Group& group = group_of(close, agent);
    for (Group* to : {&group, &all_}) {
        to->tally.add(close);
        if (is_stuck) ++to->stuck_causes[static_cast<std::size_t>(close.cause)];
    }
    if (const auto address = client_address(close)) {
        const HashedAddress hashed(*address);
        group.addresses.add(hashed, is_stuck);
        all_.addresses.add(hashed, is_stuck);
    }
    note_time(close.half_close, {1, is_stuck ? 1U : 0U});
    note_vhost(close.vhost);
    if (is_of_proxy) return;
    if (is_of_agents(by_)) note_peer(close, group);
    ++agent.closes;
    agent.stuck += is_stuck ? 1 : 0;
    agent.fin_wait_2_ms += close.fin_wait_2_ms();
}

void Collector::take(const TallyLine& line) {
    const bool evicted = is_of_evicted_accounts(line);
    Filter::Part part = filter_.part_of(line);
    if (evicted && (filter_.user_agent || filter_.family)) part.is_known = false;
    const bool is_of_proxy = !line.proxy.empty();
    const bool is_of_agent = !evicted && !is_of_proxy;
    if (part.closes == 0 || (is_of_agent && !agent_of(line.user_agent).is_wanted)) return;
    if (is_of_proxy && !wants_proxies()) return;
    if (!part.is_known) {
        left_out_ += part.closes;
        return;
    }
    add(line);
    note_time(line.since, {line.tally.closes, line.tally.stuck});
    if (!evicted) note_vhost(line.vhost);
}

void Collector::add(const TallyLine& line) {
    const bool evicted = is_of_evicted_accounts(line);
    tallied_ += line.tally.closes;
    Group& group = evicted ? shared_group(kOtherAccount) : group_of_tally(line);
    group.tally += line.tally;
    group.tallied += line.tally.closes;
    group.addresses.add_at_least(line.addresses);
    all_.tally += line.tally;
    all_.addresses.add_at_least(line.addresses);
    if (!evicted && line.proxy.empty()) add_to_agent(line);
}

void Collector::add_to_agent(const TallyLine& line) {
    Agent& agent = agent_of(line.user_agent);
    agent.closes += line.tally.closes;
    agent.stuck += line.tally.stuck;
    agent.fin_wait_2_ms += line.tally.fin_wait_2_ns / kNsPerMs;
}

Agent& Collector::agent_of(std::string_view user_agent) {
    auto& agent = agents_[absl_view(user_agent)];
    if (agent) return *agent;
    agent = std::make_unique<Agent>();
    agent->family = families_.family_of(user_agent);
    agent->is_wanted = filter_.wants_client(user_agent, agent->family);
    return *agent;
}

Group& Collector::group_named(std::string_view name) {
    auto& group = groups_[absl_view(name)];
    if (group) return *group;
    group = std::make_unique<Group>();
    group->name = name;
    return *group;
}

// Who asks for a client asks for no proxy, whoever was behind it.
bool Collector::wants_proxies() const {
    return !filter_.user_agent && !filter_.family;
}

Group& Collector::proxy_group(const std::optional<Address>& address) {
    if (!address) return shared_group("(no address)");
    if (proxies_.size() > kAddressGroupsMax) fold_the_light(proxies_);
    const std::string text = address_text(anonymize_ ? masked(*address) : *address);
    auto& group = proxies_[text];
    if (group) return *group;
    group = std::make_unique<Group>();
    group->name = text;
    return *group;
}

Group& Collector::group_of(const Close& close, Agent& agent) {
    if (is_of_agents(by_) && close.is_of_proxy()) return proxy_group(peer_address(close));
    switch (by_) {
        case Dimension::family:
        case Dimension::ua:
            if (agent.group == nullptr) {
                const bool by_family = by_ == Dimension::family;
                agent.group = &group_named(by_family ? agent.family.name : close.user_agent);
            }
            return *agent.group;
        case Dimension::vhost:
            return group_named(close.vhost);
        case Dimension::address:
            return group_of_address(client_address(close));
        case Dimension::peer:
            return group_of_address(peer_address(close));
        case Dimension::cause:
            return group_named(name_of(close.cause));
        case Dimension::hour:
            return group_named(hour_text(close.half_close));
    }
    std::abort();
}

Group& Collector::group_of_address(const std::optional<Address>& address) {
    if (!address) return group_named("(no address)");
    if (groups_.size() > kAddressGroupsMax) fold_the_light(groups_);
    return group_named(address_text(anonymize_ ? masked(*address) : *address));
}

Group& Collector::group_of_tally(const TallyLine& line) {
    Close like;
    like.vhost = line.vhost;
    like.user_agent = line.user_agent;
    like.half_close = line.since;
    const auto proxy = parse_address(line.proxy);
    if (proxy && is_of_agents(by_)) return proxy_group(proxy);
    if (proxy && by_ == Dimension::peer) return group_of_address(proxy);
    if (by_ == Dimension::address || by_ == Dimension::peer) return shared_group(kTalliedGroup);
    if (by_ == Dimension::cause) {
        const auto& causes = line.tally.causes;
        const auto only = std::find(causes.begin(), causes.end(), line.tally.closes);
        if (only == causes.end()) return shared_group(kTalliedGroup);
        like.cause = static_cast<Cause>(only - causes.begin());
    }
    return group_of(like, agent_of(line.user_agent));
}

Group& Collector::shared_group(std::string_view name) {
    Group& group = group_named(name);
    group.is_shared = true;
    return group;
}

// Addresses are many; those that cost least go into one group together.
void Collector::fold_the_light(Groups& groups) {
    std::vector<std::uint64_t> costs;
    for (const auto& [name, group] : groups) costs.push_back(group->tally.fin_wait_2_ns);
    const auto middle = costs.begin() + static_cast<std::ptrdiff_t>(costs.size() / 2);
    std::nth_element(costs.begin(), middle, costs.end());
    auto other = std::make_unique<Group>();
    other->name = kOtherAddresses;
    other->is_shared = true;
    absl::erase_if(groups, [&](auto& entry) {
        Group& group = *entry.second;
        if (!group.is_shared && group.tally.fin_wait_2_ns > *middle) return false;
        if (group.is_shared && group.name != kOtherAddresses) return false;
        other->tally += group.tally;
        return true;
    });
    groups[other->name] = std::move(other);
}

void Collector::note_peer(const Close& close, const Group& group) {
    if (const auto address = peer_address(close)) peers_.add(HashedAddress(*address), group, close);
}

void Collector::note_time(std::chrono::milliseconds time, const Timeline::Point& closes) {
    timeline_.add(time, closes);
    note_span(time, time);
}

void Collector::note_span(std::chrono::milliseconds first, std::chrono::milliseconds last) {
    first_ = first_ ? std::min(*first_, first) : first;
    last_ = last_ ? std::max(*last_, last) : last;
}

void Collector::note_vhost(std::string_view vhost) {
    if (!vhosts_.contains(absl_view(vhost))) vhosts_.emplace(vhost);
}

}  // namespace finwait::report
