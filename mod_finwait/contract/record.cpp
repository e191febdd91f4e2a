// SPDX-License-Identifier: Apache-2.0
#include "finwait/record.hpp"

#include <array>
#include <charconv>

#include "contract/json_line.hpp"
#include "contract/record_keys.hpp"

namespace finwait {

namespace {

// As `ss -e` prints it after "sk:".
std::string_view hex(std::uint64_t number, std::array<char, 16>& buffer) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, 16).ptr;
    return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

void add_who(JsonLine& line, const Close& close) {
    line.add_name(key::kPeerAddress, address_text(close.peer));
    line.add(key::kPeerPort, close.peer.port);
    line.add_name(key::kLocalAddress, address_text(close.local));
    line.add(key::kLocalPort, close.local.port);
    if (!close.client_address.empty()) line.add(key::kClientAddress, close.client_address);
    line.add(key::kServerAddress, close.vhost);
    line.add(key::kUserAgent, close.user_agent);
    line.add_name(key::kHttpVersion, name_of(close.http));
    if (close.tls != TlsVersion::none) line.add_name(key::kTlsVersion, name_of(close.tls));
}

void add_how(JsonLine& line, const Close& close) {
    std::array<char, 16> buffer;
    line.add_name(key::kState, name_of(close.state));
    line.add_name(key::kCause, name_of(close.cause));
    line.add_name(key::kDrain, name_of(close.drain));
    line.add_name(key::kOutcome, name_of(close.outcome));
    line.add_name(key::kProbe, name_of(close.probe));
    line.add(key::kRequests, close.requests);
    line.add(key::kDrainMs, close.drain_ms());
    line.add(key::kDrainedBytes, close.drained_bytes);
    line.add(key::kFinWait2Ms, close.fin_wait_2_ms());
    line.add_name(key::kSocketCookie, hex(close.socket_cookie, buffer));
    line.add(key::kRttUs, close.rtt_us);
    line.add(key::kUnacked, close.unacked);
    line.add(key::kRetransmits, close.retransmits);
    line.add_name(key::kMpm, name_of(close.mpm));
    if (close.remedy != Remedy::none) line.add_name(key::kRemedy, name_of(close.remedy));
    if (close.is_shared) line.add_true(key::kShared);
    if (close.has_via) line.add_true(key::kVia);
}

}  // namespace

void append_record(std::string& out, const Close& close) {
    JsonLine line(out);
    line.add(key::kTimestamp, close.half_close);
    line.add_name(key::kEventName, key::kCloseEvent);
    add_who(line, close);
    add_how(line, close);
    line.end();
}

void append_dropped(std::string& out, std::chrono::milliseconds now, std::uint64_t dropped) {
    JsonLine line(out);
    line.add(key::kTimestamp, now);
    line.add_name(key::kEventName, key::kDroppedEvent);
    line.add(key::kDropped, dropped);
    line.end();
}

}  // namespace finwait
