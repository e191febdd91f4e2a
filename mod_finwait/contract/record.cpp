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

void add_who(JsonLine& line, const Record& record) {
    line.add(key::kPeerAddress, address_text(record.peer));
    line.add(key::kPeerPort, record.peer.port);
    line.add(key::kLocalAddress, address_text(record.local));
    line.add(key::kLocalPort, record.local.port);
    if (!record.client_address.empty()) line.add(key::kClientAddress, record.client_address);
    line.add(key::kServerAddress, record.vhost);
    line.add(key::kUserAgent, record.user_agent);
    line.add(key::kHttpVersion, name_of(record.http));
    if (record.tls != TlsVersion::none) line.add(key::kTlsVersion, name_of(record.tls));
}

void add_how(JsonLine& line, const Record& record) {
    std::array<char, 16> buffer;
    line.add(key::kState, name_of(record.state));
    line.add(key::kCause, name_of(record.cause));
    line.add(key::kDrain, name_of(record.drain));
    line.add(key::kOutcome, name_of(record.outcome));
    line.add(key::kProbe, name_of(record.probe));
    line.add(key::kRequests, record.requests);
    line.add(key::kDrainMs, record.drain_ms);
    line.add(key::kDrainedBytes, record.drained_bytes);
    line.add(key::kFinWait2Ms, record.fin_wait_2_ms);
    line.add(key::kSocketCookie, hex(record.socket_cookie, buffer));
    line.add(key::kRttUs, record.rtt_us);
    line.add(key::kUnacked, record.unacked);
    line.add(key::kRetransmits, record.retransmits);
    line.add(key::kMpm, name_of(record.mpm));
    if (record.remedy != Remedy::none) line.add(key::kRemedy, name_of(record.remedy));
}

}  // namespace

void append_record(std::string& out, const Record& record) {
    JsonLine line(out);
    line.add(key::kTimestamp, record.half_close);
    line.add(key::kEventName, key::kCloseEvent);
    add_who(line, record);
    add_how(line, record);
    line.end();
}

void append_dropped(std::string& out, std::chrono::milliseconds now, std::uint64_t dropped) {
    JsonLine line(out);
    line.add(key::kTimestamp, now);
    line.add(key::kEventName, key::kDroppedEvent);
    line.add(key::kDropped, dropped);
    line.end();
}

}  // namespace finwait
