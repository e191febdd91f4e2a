// SPDX-License-Identifier: Apache-2.0
//
// A question for the status page: what a child of httpd asks the closer by the channel. With it
// goes one descriptor, an end of a SEQPACKET pair. The answer comes back over it: one message of
// one byte and a sealed memfd that holds the rendered page, at most kAnswerMax bytes. A closer that
// cannot answer closes its end without a word.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "finwait/counters.hpp"
#include "finwait/handoff.hpp"
#include "finwait/socket_counts.hpp"

namespace finwait {

// How long a worker may wait for an answer.
inline constexpr std::chrono::milliseconds kAnswerWait{1000};
inline constexpr std::size_t kAnswerMax = std::size_t{16} << 20;

enum class StatusFormat : std::uint8_t { html, json, metrics };
inline constexpr std::size_t kStatusFormats = 3;

// The module's counters travel with the question, because the closer cannot see their page, and so
// does what the kernel says, because the closer does not ask it.
struct ModuleTotals {
    std::uint64_t closes = 0;
    std::uint64_t handoffs = 0;
    std::uint64_t reports = 0;
    std::array<std::uint64_t, kDeclines.size()> declined{};

    bool operator==(const ModuleTotals&) const = default;
};

struct Question {
    StatusFormat format = StatusFormat::html;
    ModuleTotals module;
    std::optional<SocketCounts> on_ports;  // the kernel's count on the server's ports

    bool operator==(const Question&) const = default;
};

[[nodiscard]] ModuleTotals totals_of(const ModuleCounters& counters);

[[nodiscard]] bool is_question(std::span<const std::byte> bytes);

// As encode() and decode() of a Handoff.
[[nodiscard]] std::size_t encode(const Question& question, std::span<std::byte> out);
[[nodiscard]] DecodeError decode(std::span<const std::byte> bytes, Question& question);

// What the page may load: nothing but its own style. Sent as a header and repeated in the page, so
// that a saved copy is as inert.
inline constexpr char kStatusContentPolicy[] =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

}  // namespace finwait
