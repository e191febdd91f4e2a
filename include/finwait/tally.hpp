// SPDX-License-Identifier: Apache-2.0
//
// Counts of many closes. Everything in a Tally is additive, so tallies of parts can be summed in
// any order to the tally of the whole. A log of mode `stuck` has a tally line in place of the
// Records that it does not get.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "finwait/histogram.hpp"
#include "finwait/words.hpp"

namespace finwait {

// The client kept our socket: its FIN is missing though it acknowledged ours, it did not vanish,
// and the end was not ours to choose (as `stopping`, `shed` and `byte_limit` are). `state` is the
// one at the end of the drain.
[[nodiscard]] constexpr bool is_stuck(Drain drain, TcpState state, Probe probe) {
    return state == TcpState::fin_wait_2 && probe != Probe::silent &&
           (drain == Drain::idle_timeout || drain == Drain::deadline);
}

// What a Tally takes of one close.
struct TalliedClose {
    Cause cause = Cause::other;
    Drain drain = Drain::none;
    Outcome outcome = Outcome::unknown;
    bool is_stuck = false;
    std::uint32_t requests = 0;
    std::uint64_t drained_bytes = 0;
    std::chrono::nanoseconds fin_wait_2_time{};  // 0: never in FIN_WAIT_2
    Remedy remedy = Remedy::none;
};

// Of the closes under a remedy, so that before and after can be told apart.
template <typename Number>
struct RemediedOf {
    Number closes{};
    Number stuck{};
    Number fin_wait_2_ns{};

    bool operator==(const RemediedOf&) const = default;
};

// `Number` is atomic where several processes count together.
template <typename Number>
struct TallyOf {
    Number closes{};
    Number stuck{};
    Number requests{};
    Number drained_bytes{};
    Number fin_wait_2_ns{};
    std::array<Number, kCauses.size()> causes{};
    std::array<Number, kDrains.size()> drains{};
    std::array<Number, kOutcomes.size()> outcomes{};
    std::array<Number, kFinWait2Buckets> fin_wait_2{};  // of closes that were in FIN_WAIT_2
    RemediedOf<Number> remedied;                        // counted above, too

    bool operator==(const TallyOf&) const = default;

    void add(const TalliedClose& close);
    template <typename Other>
    TallyOf& operator+=(const TallyOf<Other>& other);

  private:
    template <typename Other, std::size_t N>
    static void add_each(std::array<Number, N>& to, const std::array<Other, N>& from) {
        for (std::size_t i = 0; i < N; ++i) to[i] += from[i];
    }
};

using Tally = TallyOf<std::uint64_t>;

template <typename Number>
void TallyOf<Number>::add(const TalliedClose& close) {
    ++closes;
    stuck += close.is_stuck ? 1 : 0;
    requests += close.requests;
    drained_bytes += close.drained_bytes;
    ++causes[static_cast<std::size_t>(close.cause)];
    ++drains[static_cast<std::size_t>(close.drain)];
    ++outcomes[static_cast<std::size_t>(close.outcome)];
    const bool is_remedied = close.remedy != Remedy::none;
    remedied.closes += is_remedied ? 1 : 0;
    remedied.stuck += is_remedied && close.is_stuck ? 1 : 0;
    if (close.fin_wait_2_time <= std::chrono::nanoseconds::zero()) return;
    const auto time_ns = static_cast<std::uint64_t>(close.fin_wait_2_time.count());
    fin_wait_2_ns += time_ns;
    remedied.fin_wait_2_ns += is_remedied ? time_ns : 0;
    ++fin_wait_2[fin_wait_2_bucket(close.fin_wait_2_time)];
}

template <typename Number>
template <typename Other>
TallyOf<Number>& TallyOf<Number>::operator+=(const TallyOf<Other>& other) {
    closes += other.closes;
    stuck += other.stuck;
    requests += other.requests;
    drained_bytes += other.drained_bytes;
    fin_wait_2_ns += other.fin_wait_2_ns;
    add_each(causes, other.causes);
    add_each(drains, other.drains);
    add_each(outcomes, other.outcomes);
    add_each(fin_wait_2, other.fin_wait_2);
    remedied.closes += other.remedied.closes;
    remedied.stuck += other.remedied.stuck;
    remedied.fin_wait_2_ns += other.remedied.fin_wait_2_ns;
    return *this;
}

// The bound (in ms) that the given share (0 to 1) of the closes in FIN_WAIT_2 stayed under; nothing
// if there was none, UINT32_MAX if it is in the bucket without a bound.
[[nodiscard]] std::optional<std::uint32_t> fin_wait_2_quantile_ms(const Tally& tally, double share);

// Counts that belong to no account any more are written under this name in place of both the
// User-Agent and the virtual host. A client can send it as its User-Agent, but not as the latter.
inline constexpr std::string_view kOtherAccount = "(other)";

// What one account gathered between two times.
struct TallyLine {
    std::chrono::milliseconds since{};  // since the epoch: the first close in it was booked
    std::chrono::milliseconds until{};  // written
    std::string vhost;
    std::string user_agent;
    Tally tally;                  // times are written in whole milliseconds
    std::uint64_t addresses = 0;  // different client addresses: an estimate

    bool operator==(const TallyLine&) const = default;
};

// Longest line append_tally() can write, newline included (every byte of text may become six).
inline constexpr std::size_t kTallyLineMax = 8192;

// Appends one line with its newline: valid UTF-8 and valid JSON, as append_record(). Words and
// buckets that count nothing are left out.
void append_tally(std::string& out, const TallyLine& line);

// The reader's side: nothing if the line is not a finwait.tally.
[[nodiscard]] std::optional<TallyLine> parse_tally(std::string_view line);

}  // namespace finwait
