// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "contract/record_keys.hpp"
#include "finwait/record.hpp"

namespace finwait {

namespace {

using simdjson::dom::element;

// Reads members by key; one missing, mistyped or out of range spoils the whole Record.
class Members {
  public:
    explicit Members(element object) : object_(object) {}

    std::string_view text(std::string_view key) {
        std::string_view value;
        if (object_[key].get(value) != simdjson::SUCCESS) ok_ = false;
        return value;
    }

    std::string_view optional_text(std::string_view key) {
        std::string_view value;
        return object_[key].get(value) == simdjson::SUCCESS ? value : std::string_view{};
    }

    template <typename T>
    T number(std::string_view key) {
        std::uint64_t value = 0;
        if (object_[key].get(value) != simdjson::SUCCESS || value > std::numeric_limits<T>::max())
            ok_ = false;
        return static_cast<T>(value);
    }

    template <typename E>
    E word(std::string_view name) {
        const auto value = word_named<E>(name);
        if (!value) ok_ = false;
        return value.value_or(E{});
    }

    void spoil_unless(bool condition) {
        if (!condition) ok_ = false;
    }

    [[nodiscard]] bool ok() const { return ok_; }

  private:
    element object_;
    bool ok_ = true;
};

bool has_shape(std::string_view text, std::string_view shape) {
    return std::equal(text.begin(), text.end(), shape.begin(), shape.end(), [](char c, char like) {
        return like == '0' ? c >= '0' && c <= '9' : c == like;
    });
}

// Exactly the form append_record() writes.
std::chrono::milliseconds parse_time(Members& members, std::string_view text) {
    if (!has_shape(text, "0000-00-00T00:00:00.000Z")) {
        members.spoil_unless(false);
        return {};
    }
    const auto number = [&](std::size_t at, std::size_t length) {
        int value = 0;
        std::from_chars(text.data() + at, text.data() + at + length, value);
        return value;
    };
    const std::chrono::year_month_day date{
        std::chrono::year{number(0, 4)}, std::chrono::month(static_cast<unsigned>(number(5, 2))),
        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
    members.spoil_unless(date.ok() && hour < 24 && minute < 60 && second < 60);
    if (!members.ok()) return {};
    return std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{hour} +
           std::chrono::minutes{minute} + std::chrono::seconds{second} +
           std::chrono::milliseconds{number(20, 3)};
}

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
    simdjson::dom::parser parser;
    element object;
    if (parser.parse(line.data(), line.size()).get(object) != simdjson::SUCCESS ||
        !object.is_object())
        return std::nullopt;

    Members members(object);
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
