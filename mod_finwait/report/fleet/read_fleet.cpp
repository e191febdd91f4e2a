// SPDX-License-Identifier: Apache-2.0
#include "report/fleet/read_fleet.hpp"

#include <absl/container/flat_hash_set.h>

#include <map>

#include "contract/members.hpp"
#include "contract/parse_line.hpp"
#include "presentation/text.hpp"
#include "report/analysis/judge.hpp"
#include "report/fleet/answers.hpp"
#include "report/fleet/questions.hpp"

namespace finwait::report {

namespace {

using Tables = std::vector<EngineTable>;

class FleetReader {
  public:
    FleetReader(const Engine& engine, const FleetWish& wish, Collector& collector)
        : engine_(engine), wish_(wish), questions_(wish.filter, wish.by), collector_(collector) {}

    Reading read() {
        make_tables();
        for (const std::string& sql : questions_.rows())
            ask_summed(sql, [&](const Summed& summed) { collector_.add(summed); });
        read_addresses();
        if (is_of_agents(wish_.by)) read_peers();
        for (const std::string& sql : questions_.vhosts())
            ask(sql, [&](Members& line) { collector_.know_vhost(line.text("vhost")); });
        if (wish_.wants_times) read_times();
        Reading reading = read_hosts();
        if (are_too_many_) reading.notes.push_back(of_suspects());
        return reading;
    }

  private:
    template <typename Take>
    void ask(const std::string& sql, const Take& take) const {
        LineParser parser;
        engine_.ask(sql, tables_, [&](std::string_view text) {
            auto line = parser.parse(text);
            if (line) take(*line);
            return line && line->ok();
        });
    }

    template <typename Take>
    void ask_summed(const std::string& sql, const Take& take) const {
        engine_.ask(sql, tables_, [&](std::string_view text) {
            const auto summed = parse_summed(text);
            if (summed) take(*summed);
            return summed.has_value();
        });
    }

    // A family is known only here, by uap-core; the engine is told which User-Agents are of it.
    void make_tables() {
        if (questions_.needs_clients()) {
            EngineTable clients{"clients", "user_agent String, name String", {}};
            ask(questions_.user_agents(), [&](Members& line) {
                const std::string_view agent = line.text("user_agent");
                if (collector_.wants_user_agent(agent))
                    clients.rows += engine_field(agent) + "\t" +
                                    engine_field(collector_.family_of(agent)) + "\n";
            });
            tables_.push_back(std::move(clients));
        } else if (is_of_agents(wish_.by)) {
            ask(questions_.user_agents(),
                [&](Members& line) { collector_.know_user_agent(line.text("user_agent")); });
        }
        if (wish_.filter.network) tables_.push_back(wanted_addresses());
    }

    [[nodiscard]] EngineTable wanted_addresses() const {
        EngineTable addresses{"addresses", "address String", {}};
        ask(questions_.addresses(), [&](Members& line) {
            const std::string_view text = line.text("address");
            const auto address = parse_address(text);
            if (address && wish_.filter.network->contains(*address))
                addresses.rows += engine_field(text) + "\n";
        });
        return addresses;
    }

    void read_addresses() {
        ask(questions_.address_count(), [&](Members& line) {
            collector_.add_addresses_of_all(line.number<std::uint64_t>("addresses_"));
        });
        if (wish_.by == Dimension::family)
            ask(questions_.addresses_of_families(), [&](Members& line) {
                collector_.add_addresses(line.text("name"),
                                         line.number<std::uint64_t>("addresses_"));
            });
        ask_stuck(questions_.stuck_addresses_of_all(), [&](const StuckAddress& found) {
            collector_.add_stuck_address_of_all(found.address, found.stuck);
        });
        for (const std::string& sql : questions_.stuck_addresses())
            ask_stuck(sql, [&](const StuckAddress& found) {
                if (found.name.empty())
                    collector_.add_stuck_address(found.row, found.address, found.stuck);
                else
                    collector_.add_stuck_address(found.name, found.address, found.stuck);
            });
    }

    template <typename Take>
    void ask_stuck(const std::string& sql, const Take& take) const {
        engine_.ask(sql, tables_, [&](std::string_view text) {
            const auto found = parse_stuck_address(text);
            if (found) take(*found);
            return found.has_value();
        });
    }

    // So few stuck closes are no sign of anything, whatever a peer's others were.
    [[nodiscard]] std::uint64_t suspicious() const {
        Share share{1, std::max<std::uint64_t>(wish_.sample_min, 1)};
        while (share.part < share.whole && share.interval().low <= kNotable) ++share.part;
        return share.part;
    }

    // At first only what judges them: suspects and their clients are many, few are to blame, and
    // all counts of one pair are 2 kB.
    void read_peers() {
        std::map<std::string, std::string, std::less<>> suspects;  // rows, by address
        ask(questions_.suspects(suspicious()), [&](Members& line) {
            const std::string_view address = line.text("peer_address");
            suspects.emplace(address, engine_field(address) + "\t" +
                                          std::to_string(line.number<std::uint64_t>("since_ms")) +
                                          "\n");
        });
        are_too_many_ = suspects.size() >= kSuspectsMax;
        with_suspects(suspects, [&] {
            ask(questions_.through_suspects(), [&](Members& line) {
                Summed through;
                through.line.user_agent = line.text("user_agent");
                through.line.tally.closes = line.number<std::uint64_t>("closes_");
                through.line.tally.stuck = line.number<std::uint64_t>("stuck_closes");
                collector_.add_through_peer(line.text("peer_address"), through);
            });
        });
        std::erase_if(suspects, [blamed = blamed()](const auto& suspect) {
            const auto address = parse_address(suspect.first);
            return !address || !blamed.contains(HashedAddress(*address));
        });
        for (const auto& [address, row] : suspects) collector_.forget_peer(address);
        with_suspects(suspects, [&] {
            ask_summed(questions_.summed_through_suspects(), [&](const Summed& summed) {
                collector_.add_through_peer(summed.address, summed);
            });
        });
    }

    [[nodiscard]] static std::string of_suspects() {
        return "only the " + grouped(kSuspectsMax) +
               " peers with most stuck closes were judged, each as one proxy of several clients: "
               "--since, --vhost or --family makes them fewer";
    }

    template <typename Ask>
    void with_suspects(const auto& suspects, const Ask& ask_of_them) {
        if (suspects.empty()) return;
        EngineTable table{"suspects", "peer_address String, since_ms UInt64", {}};
        for (const auto& [address, row] : suspects) table.rows += row;
        tables_.push_back(std::move(table));
        ask_of_them();
        tables_.pop_back();
    }

    [[nodiscard]] absl::flat_hash_set<HashedAddress> blamed() const {
        absl::flat_hash_set<HashedAddress> addresses;
        for (const auto* peer : peers_to_blame(collector_.peers(), wish_.sample_min))
            addresses.insert(peer->first);
        return addresses;
    }

    void read_times() {
        for (const std::string& sql : questions_.minutes())
            ask(sql, [&](Members& line) {
                collector_.add_time(std::chrono::seconds(line.number<std::uint32_t>("minute")),
                                    {line.number<std::uint64_t>("closes_"),
                                     line.number<std::uint64_t>("stuck_closes")});
            });
    }

    [[nodiscard]] Reading read_hosts() const {
        Reading reading;
        ask(questions_.hosts(), [&](Members& line) {
            reading.records = line.number<std::uint64_t>("records_");
            reading.tallies = line.number<std::uint64_t>("tallies_");
            reading.dropped = line.number<std::uint64_t>("dropped_");
            reading.foreign.lines = line.number<std::uint64_t>("foreign_");
            reading.lines = reading.records + reading.tallies + reading.foreign.lines;
            reading.notes.push_back("of " + grouped(line.number<std::uint64_t>("hosts_")) +
                                    " servers, as their fleet's engine tells it");
        });
        return reading;
    }

    ClickHouse engine_;
    const FleetWish& wish_;
    Questions questions_;
    Collector& collector_;
    Tables tables_;
    bool are_too_many_ = false;  // suspects
};

}  // namespace

void read_fleet(const Engine& engine, const FleetWish& wish, Collector& collector,
                Reading& reading) {
    try {
        Reading fleet = FleetReader(engine, wish, collector).read();
        fleet.unreadable = std::move(reading.unreadable);
        reading = std::move(fleet);
    } catch (const EngineError& error) {
        reading.unreadable.emplace_back(error.what());
    }
}

void read_fleet_records(const Engine& engine, std::uint64_t cookie, Sink& sink, Reading& reading) {
    try {
        LogLineParser parser;
        ClickHouse(engine).ask(records_of_cookie(cookie), {}, [&](std::string_view line) {
            ++reading.lines;
            const bool is_record = parser.parse(line) == LineKind::record;
            if (is_record) sink.take(parser.close());
            return is_record;
        });
    } catch (const EngineError& error) {
        reading.unreadable.emplace_back(error.what());
    }
}

}  // namespace finwait::report
