// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include <charconv>

#include "contract/members.hpp"
#include "contract/record_keys.hpp"
#include "finwait/record.hpp"

namespace finwait {

namespace {

Endpoint parse_endpoint(Members& members, std::string_view address, std::uint16_t port) {
    Endpoint endpoint;
    endpoint.port = port;
    if (address.empty()) return endpoint;
    const std::string text(address);
    if (inet_pton(AF_INET, text.c_str(), endpoint.address.data()) == 1)
        endpoint.family = Endpoint::Family::ipv4;
    else if (inet_pton(AF_INET6, text.c_str(), endpoint.address.data()) == 1)
        endpoint.family = Endpoint::Family::ipv6;
    else
        members.spoil_unless(false);
    return endpoint;
}

std::uint64_t parse_hex(Members& members, std::string_view text) {
    std::uint64_t number = 0;
    const auto end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number, 16);
    members.spoil_unless(result.ec == std::errc{} && result.ptr == end);
    return number;
}

}  // namespace

std::optional<Record> parse_record(std::string_view line) {
    LineParser parser;
    auto parsed = parser.parse(line);
    if (!parsed) return std::nullopt;
    Members& members = *parsed;
    if (members.text(key::kEventName) != key::kCloseEvent) return std::nullopt;
    Record record;
    record.half_close = parse_time(members, members.text(key::kTimestamp));
    record.peer = parse_endpoint(members, members.text(key::kPeerAddress),
                                 members.number<std::uint16_t>(key::kPeerPort));
    record.local = parse_endpoint(members, members.text(key::kLocalAddress),
                                  members.number<std::uint16_t>(key::kLocalPort));
    record.vhost = members.text(key::kServerAddress);
    record.user_agent = members.text(key::kUserAgent);
    record.client_address = members.optional_text(key::kClientAddress);
    record.http = members.word<HttpVersion>(members.text(key::kHttpVersion));
    record.tls = members.word<TlsVersion>(members.optional_text(key::kTlsVersion));
    record.mpm = members.word<Mpm>(members.text(key::kMpm));
    record.state = members.word<TcpState>(members.text(key::kState));
    record.cause = members.word<Cause>(members.text(key::kCause));
    record.drain = members.word<Drain>(members.text(key::kDrain));
    record.outcome = members.word<Outcome>(members.text(key::kOutcome));
    record.requests = members.number<std::uint32_t>(key::kRequests);
    record.drain_ms = members.number<std::uint64_t>(key::kDrainMs);
    record.drained_bytes = members.number<std::uint64_t>(key::kDrainedBytes);
    record.fin_wait_2_ms = members.number<std::uint64_t>(key::kFinWait2Ms);
    record.socket_cookie = parse_hex(members, members.text(key::kSocketCookie));
    record.rtt_us = members.number<std::uint32_t>(key::kRttUs);
    record.unacked = members.number<std::uint32_t>(key::kUnacked);
    record.retransmits = members.number<std::uint32_t>(key::kRetransmits);
    if (!members.ok()) return std::nullopt;
    return record;
}

}  // namespace finwait
