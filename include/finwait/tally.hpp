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

#include "finwait/close.hpp"
#include "finwait/histogram.hpp"
#include "finwait/words.hpp"

namespace finwait {

// Of the closes under a remedy, so that before and after can be told apart.
struct Remedied {
    std::uint64_t closes = 0;
    std::uint64_t stuck = 0;
    std::uint64_t fin_wait_2_ns = 0;

    bool operator==(const Remedied&) const = default;
};

struct Tally {
    std::uint64_t closes = 0;
    std::uint64_t stuck = 0;
    std::uint64_t preventable = 0;  // of the stuck ones: see remedy.hpp
    std::uint64_t requests = 0;
    std::uint64_t drained_bytes = 0;
    std::uint64_t fin_wait_2_ns = 0;
    std::array<std::uint64_t, kCauses.size()> causes{};
    std::array<std::uint64_t, kDrains.size()> drains{};
    std::array<std::uint64_t, kOutcomes.size()> outcomes{};
    std::array<std::uint64_t, kFinWait2Buckets> fin_wait_2{};  // of closes that were in FIN_WAIT_2
    Remedied remedied;                                         // counted above, too

    bool operator==(const Tally&) const = default;

    void add(const Close& close);
    Tally& operator+=(const Tally& other);
    // Of what was added to it.
    Tally& operator-=(const Tally& part);
};

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
    std::string proxy;  // its address, if it is the account of one: then user_agent is empty
    Tally tally;        // times are written in whole milliseconds
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
