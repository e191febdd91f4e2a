// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/report.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "presentation/text.hpp"
#include "report/analysis/judge.hpp"
#include "report/analysis/versions.hpp"

namespace finwait::report {

namespace {

// Of so many stuck closes from one address somebody should think of a proxy.
constexpr double kDominant = 0.5;

std::optional<DominantAddress> dominant_of(const Group& group, bool anonymize) {
    const auto top = group.addresses.top();
    if (!top) return std::nullopt;
    const Share share{top->stuck, group.tally.stuck};
    if (share.value() < kDominant) return std::nullopt;
    return DominantAddress{address_text(anonymize ? masked(top->address) : top->address), share};
}

Row row_of(const Group& group, bool anonymize) {
    Row row;
    row.name = group.name;
    row.tally = group.tally;
    row.stuck_causes = group.stuck_causes;
    row.addresses = std::min(group.addresses.count(), group.tally.closes);
    row.addresses_at_least = group.addresses.is_at_least();
    row.dominant = dominant_of(group, anonymize);
    return row;
}

using RowsByGroup = absl::flat_hash_map<const Group*, Row>;

// All of them came from its own address; one that is told of beside it is a user's.
Row row_of_proxy(const Group& group, bool anonymize) {
    Row row = row_of(group, anonymize);
    row.dominant.reset();
    row.judgement = group.is_shared ? Judgement::not_judged : Judgement::like_others;
    if (group.is_shared) return row;
    row.peer = group.name;
    row.name = proxy_text(group.name);
    return row;
}

// Their closes were the proxy's, and go from their rows to its own.
void take_over_clients(Row& proxy, const Peer& peer, RowsByGroup& clients) {
    for (const auto& [group, through] : peer.clients) {
        Row& client = clients.at(group);
        proxy.tally += through.tally;
        client.tally -= through.tally;
        for (std::size_t i = 0; i < proxy.stuck_causes.size(); ++i) {
            proxy.stuck_causes[i] += through.stuck_causes[i];
            client.stuck_causes[i] -= through.stuck_causes[i];
        }
        client.dominant.reset();
    }
    proxy.addresses = std::max<std::uint64_t>(proxy.addresses, 1);
    proxy.addresses_at_least = true;
}

// Those that are known to be proxies, and those that are judged to be.
void add_proxies(Report& report, const Collector& collected, const ReportOptions& options,
                 RowsByGroup& clients) {
    std::map<std::string, Row> proxies;
    for (const auto& [address, group] : collected.proxies())
        proxies.emplace(address, row_of_proxy(*group, options.anonymize));
    for (const auto* blamed : peers_to_blame(collected.peers(), options.sample_min)) {
        const Address& told = blamed->first.address;
        Group named;
        named.name = address_text(options.anonymize ? masked(told) : told);
        const auto at = proxies.emplace(named.name, row_of_proxy(named, options.anonymize)).first;
        take_over_clients(at->second, blamed->second, clients);
    }
    for (auto& [address, row] : proxies) report.rows.push_back(std::move(row));
}

void add_rows(Report& report, const Collector& collected, const ReportOptions& options) {
    RowsByGroup rows;
    for (const auto& [name, group] : collected.groups()) {
        Row& row = rows[group.get()];
        row = row_of(*group, options.anonymize);
        const bool may_be_blamed = is_client(report.by) && !group->is_shared;
        row.judgement = may_be_blamed ? Judgement::like_others : Judgement::not_judged;
    }
    add_proxies(report, collected, options, rows);
    for (auto& [group, row] : rows)
        if (row.tally.closes > 0) report.rows.push_back(std::move(row));
}

// More cost first; among equals a fixed order, whatever the order of the lines was.
bool costs_more(const Row& a, const Row& b) {
    if (a.tally.fin_wait_2_ns != b.tally.fin_wait_2_ns)
        return a.tally.fin_wait_2_ns > b.tally.fin_wait_2_ns;
    if (a.tally.closes != b.tally.closes) return a.tally.closes > b.tally.closes;
    return a.name < b.name;
}

bool is_later(const Row& a, const Row& b) {
    return a.name > b.name;
}

bool costs_more_alone(const UserAgentRow& a, const UserAgentRow& b) {
    if (a.fin_wait_2_ms != b.fin_wait_2_ms) return a.fin_wait_2_ms > b.fin_wait_2_ms;
    if (a.closes != b.closes) return a.closes > b.closes;
    return a.user_agent < b.user_agent;
}

struct Members {
    VersionRange versions;
    std::vector<UserAgentRow> user_agents;
};

void describe(Row& row, Members& members, const Collector& collected) {
    // A User-Agent says its version itself.
    if (collected.by() != Dimension::ua) row.versions = members.versions.text();
    auto& agents = members.user_agents;
    const auto shown = std::min(agents.size(), kUserAgentsShown);
    std::partial_sort(agents.begin(), agents.begin() + static_cast<std::ptrdiff_t>(shown),
                      agents.end(), costs_more_alone);
    agents.resize(shown);
    row.user_agents = std::move(agents);
    const Agent& first = *collected.agents().at(row.user_agents.front().user_agent);
    row.product = first.family.product;
}

// Which User-Agents each row is made of.
void describe_clients(std::vector<Row>& rows, const Collector& collected) {
    std::map<std::string_view, Members> members;
    for (const auto& [user_agent, agent] : collected.agents()) {
        if (agent->group == nullptr || agent->closes == 0) continue;
        Members& of_group = members[agent->group->name];
        of_group.versions.add(agent->family.version);
        of_group.user_agents.push_back(
            {user_agent, agent->closes, agent->stuck, agent->fin_wait_2_ms});
    }
    for (Row& row : rows)
        if (const auto found = members.find(row.name); !row.peer && found != members.end())
            describe(row, found->second, collected);
}

}  // namespace

std::uint32_t Row::quantile_ms(double share) const {
    // Closes that never were in FIN_WAIT_2 are in no bucket; they stayed under the first bound.
    Tally every = tally;
    const auto told =
        std::accumulate(tally.fin_wait_2.begin(), tally.fin_wait_2.end(), std::uint64_t{0});
    every.fin_wait_2[0] += tally.closes - std::min(told, tally.closes);
    return fin_wait_2_quantile_ms(every, share).value_or(0);
}

Part Row::with_remedy() const {
    const auto& remedied = tally.remedied;
    return {{std::min(remedied.stuck, remedied.closes), remedied.closes},
            static_cast<double>(remedied.fin_wait_2_ns) / 1e9};
}

// Never below zero: a damaged line may claim anything.
Part Row::without_remedy() const {
    const auto& remedied = tally.remedied;
    const std::uint64_t closes = tally.closes - std::min(remedied.closes, tally.closes);
    const std::uint64_t stuck = tally.stuck - std::min(remedied.stuck, tally.stuck);
    const std::uint64_t time_ns =
        tally.fin_wait_2_ns - std::min(remedied.fin_wait_2_ns, tally.fin_wait_2_ns);
    return {{std::min(stuck, closes), closes}, static_cast<double>(time_ns) / 1e9};
}

double Report::cost_share(const Row& row) const {
    return all.tally.fin_wait_2_ns == 0 ? 0
                                        : static_cast<double>(row.tally.fin_wait_2_ns) /
                                              static_cast<double>(all.tally.fin_wait_2_ns);
}

std::vector<const Row*> Report::culprits() const {
    std::vector<const Row*> culprits;
    for (const Row& row : rows)
        if (row.judgement == Judgement::culprit) culprits.push_back(&row);
    return culprits;
}

Report make_report(const Collector& collected, const ReportOptions& options) {
    Report report;
    report.by = collected.by();
    report.sample_min = options.sample_min;
    report.is_anonymous = options.anonymize;
    report.all = row_of(collected.all(), options.anonymize);
    report.all.name = "all";
    add_rows(report, collected, options);
    const bool by_time = report.by == Dimension::hour;
    std::sort(report.rows.begin(), report.rows.end(), by_time ? is_later : costs_more);
    describe_clients(report.rows, collected);
    report.others_stuck = judge(report.rows, options.sample_min);
    report.timeline = collected.timeline();
    report.vhosts = collected.vhosts();
    report.first = collected.first();
    report.last = collected.last();
    report.tallied = collected.tallied();
    report.left_out = collected.left_out();
    return report;
}

}  // namespace finwait::report
