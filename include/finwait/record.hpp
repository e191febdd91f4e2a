// SPDX-License-Identifier: Apache-2.0
//
// One finished close as one JSON line. Keys are flat; names follow OpenTelemetry's conventions
// where it has one, `finwait.` otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "finwait/endpoint.hpp"
#include "finwait/words.hpp"

namespace finwait {

// Longest line append_record() can write, newline included: every byte of client text may become
// six ("\u00ff"), the rest is bounded by the widths of its numbers.
inline constexpr std::size_t kRecordSizeMax = 8192;

struct Record {
    std::chrono::milliseconds half_close{};  // since the epoch
    Endpoint peer;
    Endpoint local;
    std::string vhost;
    std::string user_agent;
    std::string client_address;  // "" leaves the key out
    HttpVersion http = HttpVersion::none;
    TlsVersion tls = TlsVersion::none;  // none leaves the key out
    Mpm mpm = Mpm::unknown;
    Remedy remedy = Remedy::none;  // none leaves the key out
    TcpState state = TcpState::unknown;
    Cause cause = Cause::other;
    Drain drain = Drain::none;
    Outcome outcome = Outcome::unknown;
    Probe probe = Probe::none;
    std::uint32_t requests = 0;
    std::uint64_t drain_ms = 0;
    std::uint64_t drained_bytes = 0;
    std::uint64_t fin_wait_2_ms = 0;
    std::uint64_t socket_cookie = 0;  // 0 in a Report: there was no socket to ask
    std::uint32_t rtt_us = 0;
    std::uint32_t unacked = 0;
    std::uint32_t retransmits = 0;

    bool operator==(const Record&) const = default;
};

// Appends one line with its newline. The line is valid UTF-8 and valid JSON whatever the client
// sent: control bytes are escaped, each byte that is not UTF-8 becomes U+FFFD.
void append_record(std::string& out, const Record& record);

// Appends the line that tells how many Records a log lost because its reader was slow.
void append_dropped(std::string& out, std::chrono::milliseconds now, std::uint64_t dropped);

// The reader's side (tests, report): nothing if the line is not a finwait.close Record. Text comes
// back as written, that is with U+FFFD in place of what was not UTF-8.
[[nodiscard]] std::optional<Record> parse_record(std::string_view line);

}  // namespace finwait
