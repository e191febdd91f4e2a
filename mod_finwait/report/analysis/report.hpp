// SPDX-License-Identifier: Apache-2.0
//
// The answer, as plain values: made by make_report(), read by every output. Texts are as clients
// sent them: each output makes them harmless in its own way.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "finwait/share.hpp"
#include "report/analysis/collector.hpp"
#include "report/input/reading.hpp"

namespace finwait::report {

enum class Judgement : std::uint8_t {
    culprit,      // leaves sockets stuck, and clearly more often than the others
    like_others,  // no more than the others
    too_few,      // too few closes to tell
    not_judged,   // nobody who could be to blame
};

inline constexpr std::array kJudgements{
    Word{Judgement::culprit, "culprit", "leaves sockets stuck, and more often than the others"},
    Word{Judgement::like_others, "like_others", "not more than the others"},
    Word{Judgement::too_few, "too_few", "too few closes to tell"},
    Word{Judgement::not_judged, "not_judged", "not a client"},
};

struct UserAgentRow {
    std::string user_agent;
    std::uint64_t closes = 0;
    std::uint64_t stuck = 0;
    std::uint64_t fin_wait_2_ms = 0;
};

struct DominantAddress {
    std::string address;
    Share of_stuck;
};

// A part of a row's closes: those under a remedy (FinWaitAuto), or all others.
struct Part {
    Share stuck;
    double socket_seconds = 0;
};

struct Row {
    std::string name;
    std::optional<std::string>
        peer;              // a proxy's address: what its users' names are not to blame for
    std::string versions;  // "2.28", "2.25 to 2.31", or empty
    std::string product;   // what its costliest User-Agent calls itself, or empty
    Tally tally;
    CauseCounts stuck_causes{};
    std::uint64_t addresses = 0;
    bool addresses_at_least = false;
    std::optional<DominantAddress> dominant;
    Judgement judgement = Judgement::not_judged;
    // By cost, at most kUserAgentsShown: only where rows are made of User-Agents.
    std::vector<UserAgentRow> user_agents;

    [[nodiscard]] Share stuck() const {
        return {std::min(tally.stuck, tally.closes), tally.closes};
    }
    [[nodiscard]] double socket_seconds() const {
        return static_cast<double>(tally.fin_wait_2_ns) / 1e9;
    }
    [[nodiscard]] Part with_remedy() const;
    [[nodiscard]] Part without_remedy() const;
    // The bound it stayed under in so many of its closes; UINT32_MAX if over the last one.
    [[nodiscard]] std::uint32_t quantile_ms(double share) const;
};

struct Report {
    std::chrono::milliseconds made{};  // since the epoch
    Dimension by = Dimension::family;
    std::vector<std::string> sources;  // files, or a URL
    Row all;
    std::vector<Row> rows;  // by cost; hours latest first
    Timeline timeline;
    Share others_stuck;  // of the clients that are not culprits: the baseline
    std::uint64_t sample_min = 0;
    bool is_anonymous = false;  // addresses are networks
    std::uint64_t vhosts = 0;
    std::optional<std::chrono::milliseconds> first, last;
    std::uint64_t tallied = 0;   // closes known by tallies only
    std::uint64_t left_out = 0;  // of which a filter asked what they do not tell
    Reading reading;

    [[nodiscard]] double cost_share(const Row& row) const;
    [[nodiscard]] std::vector<const Row*> culprits() const;
};

inline constexpr std::size_t kUserAgentsShown = 5;

struct ReportOptions {
    std::uint64_t sample_min = kSampleMin;
    bool anonymize = false;
};

[[nodiscard]] Report make_report(const Collector& collected, const ReportOptions& options);

}  // namespace finwait::report

namespace finwait {
template <>
inline constexpr auto kWordsOf<report::Judgement> = report::kJudgements;
static_assert(table_is_in_enum_order<report::Judgement>());
}  // namespace finwait
