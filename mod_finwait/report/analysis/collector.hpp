// SPDX-License-Identifier: Apache-2.0
//
// Takes the lines and adds them up. Its memory grows with the number of distinct User-Agents (and
// virtual hosts), not with that of lines or of addresses.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "report/analysis/dimension.hpp"
#include "report/analysis/filter.hpp"
#include "report/analysis/group.hpp"
#include "report/analysis/peers.hpp"
#include "report/analysis/summed.hpp"
#include "report/analysis/timeline.hpp"
#include "report/input/reading.hpp"

namespace finwait::report {

class Collector : public Sink {
  public:
    // `families` must live as long as this.
    Collector(const Families& families, Filter filter, Dimension by, bool anonymize);

    void take(const Close& close) override;
    void take(const TallyLine& line) override;

    // What the engine of a fleet has summed up, in place of lines: see collector_summed.cpp.
    void add(const Summed& summed);
    // What is not additive, once for each row: how many addresses, and which has most stuck closes.
    void add_addresses(const Summed& row, std::uint64_t addresses);
    void add_addresses(std::string_view family, std::uint64_t addresses) {
        group_named(family).addresses.add_counted(addresses);
    }
    void add_addresses_of_all(std::uint64_t addresses) { all_.addresses.add_counted(addresses); }
    void add_stuck_address(const Summed& row, std::string_view address, std::uint64_t stuck);
    void add_stuck_address(std::string_view family, std::string_view address, std::uint64_t stuck);
    void add_stuck_address_of_all(std::string_view address, std::uint64_t stuck);
    // Closes of a client through a peer, from the peer's first stuck one on.
    void add_through_peer(std::string_view address, const Summed& summed);
    void forget_peer(std::string_view address);
    // Seen in the period, by whichever closes.
    void know_user_agent(std::string_view user_agent) { (void)agent_of(user_agent); }
    void know_vhost(std::string_view vhost) { note_vhost(vhost); }
    void add_time(std::chrono::milliseconds time, const Timeline::Point& closes) {
        timeline_.add(time, closes);
    }
    [[nodiscard]] bool wants_user_agent(std::string_view user_agent) {
        return agent_of(user_agent).is_wanted;
    }
    [[nodiscard]] const std::string& family_of(std::string_view user_agent) {
        return agent_of(user_agent).family.name;
    }

    using Groups = absl::flat_hash_map<std::string, std::unique_ptr<Group>>;
    using Agents = absl::flat_hash_map<std::string, std::unique_ptr<Agent>>;

    [[nodiscard]] Dimension by() const { return by_; }
    [[nodiscard]] const Groups& groups() const { return groups_; }
    [[nodiscard]] const Groups& proxies() const { return proxies_; }
    [[nodiscard]] const Agents& agents() const { return agents_; }
    [[nodiscard]] const Peers& peers() const { return peers_; }
    [[nodiscard]] const Group& all() const { return all_; }
    [[nodiscard]] const Timeline& timeline() const { return timeline_; }
    [[nodiscard]] std::uint64_t vhosts() const { return vhosts_.size(); }
    // Of the first and the last close.
    [[nodiscard]] std::optional<std::chrono::milliseconds> first() const { return first_; }
    [[nodiscard]] std::optional<std::chrono::milliseconds> last() const { return last_; }
    // Closes that only tallies tell of: those that were added, and those that were left out because
    // a filter asks what a tally does not know.
    [[nodiscard]] std::uint64_t tallied() const { return tallied_; }
    [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

  private:
    Agent& agent_of(std::string_view user_agent);
    Group& group_named(std::string_view name);
    Group& proxy_group(const std::optional<Address>& address);
    [[nodiscard]] bool wants_proxies() const;
    Group& group_of_address(const std::optional<Address>& address);
    Group& group_of(const Close& close, Agent& agent);
    Group& group_of_tally(const TallyLine& line);
    Group& shared_group(std::string_view name);
    Group& group_of_summed(const Summed& summed);
    void add(const TallyLine& line);
    void add_to_agent(const TallyLine& line);
    void note_peer(const Close& close, const Group& group);
    void fold_the_light(Groups& groups);
    void note_time(std::chrono::milliseconds time, const Timeline::Point& closes);
    void note_span(std::chrono::milliseconds first, std::chrono::milliseconds last);
    void note_vhost(std::string_view vhost);

    const Families& families_;
    Filter filter_;
    Dimension by_;
    bool anonymize_;
    Groups groups_;
    Groups proxies_;  // by address; where groups are made of User-Agents
    Agents agents_;
    Peers peers_;  // where groups are made of User-Agents
    absl::flat_hash_set<std::string> vhosts_;
    Group all_;
    Timeline timeline_;
    std::optional<std::chrono::milliseconds> first_, last_;
    std::uint64_t tallied_ = 0;
    std::uint64_t left_out_ = 0;
};

// Groups of closes that cannot be told apart: by tallies, and because there are too many addresses.
inline constexpr std::string_view kTalliedGroup = "(tallied)";
inline constexpr std::string_view kOtherAddresses = "(other addresses)";

// `2026-11-22 14:00`, the beginning of the hour.
[[nodiscard]] std::string hour_text(std::chrono::milliseconds time);

}  // namespace finwait::report
