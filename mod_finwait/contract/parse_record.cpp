// SPDX-License-Identifier: Apache-2.0
#include "contract/parse_record.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <limits>

#include "contract/parse_time.hpp"
#include "contract/record_keys.hpp"

namespace finwait {

namespace {

namespace ondemand = simdjson::ondemand;
using Value = ondemand::value;

// A string without escapes, as nearly all are, is its token between the quotes: simdjson has
// checked its bytes, and there is nothing to be copied.
bool get_text(Value& value, std::string_view& text) {
    text = value.raw_json_token();
    const bool is_whole = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    if (!is_whole || std::memchr(text.data(), '\\', text.size()) != nullptr)
        return value.get_string().get(text) == simdjson::SUCCESS;
    text = text.substr(1, text.size() - 2);
    return true;
}

// Each of these says whether the value is one that append_record() could have written.

bool read_event(Value& value, Close&) {
    std::string_view text;
    return get_text(value, text) && text == key::kCloseEvent;
}

bool read_half_close(Value& value, Close& close) {
    std::string_view text;
    if (!get_text(value, text)) return false;
    const auto time = parse_time(text);
    close.half_close = time.value_or(std::chrono::milliseconds{});
    return time.has_value();
}

template <auto kMember>
bool read_text(Value& value, Close& close) {
    std::string_view text;
    if (!get_text(value, text)) return false;
    close.*kMember = text;
    return true;
}

template <auto kMember>
bool read_word(Value& value, Close& close) {
    using E = std::remove_reference_t<decltype(close.*kMember)>;
    std::string_view text;
    if (!get_text(value, text)) return false;
    const auto word = word_named<E>(text);
    close.*kMember = word.value_or(E{});
    return word.has_value();
}

template <typename T>
bool read_unsigned(Value& value, T& to) {
    std::uint64_t number = 0;
    if (value.get_uint64().get(number) != simdjson::SUCCESS) return false;
    to = static_cast<T>(number);
    return number <= std::numeric_limits<T>::max();
}

template <auto kMember>
bool read_number(Value& value, Close& close) {
    return read_unsigned(value, close.*kMember);
}

template <auto kMember>
bool read_ms(Value& value, Close& close) {
    std::uint64_t number = 0;
    if (!read_unsigned(value, number) || number > kRecordMsMax) return false;
    close.*kMember = std::chrono::milliseconds(number);
    return true;
}

// Left out where it is not so; a fleet's engine has 1, and 0 where it was left out.
template <auto kMember>
bool read_true(Value& value, Close& close) {
    if (const std::string_view token = value.raw_json_token();
        token.starts_with('0') || token.starts_with('1')) {
        std::uint8_t number = 0;
        close.*kMember = token.starts_with('1');
        return read_unsigned(value, number) && number <= 1;
    }
    return value.get_bool().get(close.*kMember) == simdjson::SUCCESS && close.*kMember;
}

template <auto kMember>
bool read_port(Value& value, Close& close) {
    return read_unsigned(value, (close.*kMember).port);
}

// inet_pton() wants a text that ends in a zero byte.
bool parse_address(std::string_view text, Endpoint& endpoint) {
    endpoint.address.fill(0);
    endpoint.family = Endpoint::Family::none;
    std::array<char, INET6_ADDRSTRLEN> zero_ended{};
    if (text.empty()) return true;
    if (text.size() >= zero_ended.size()) return false;
    text.copy(zero_ended.data(), text.size());
    if (inet_pton(AF_INET, zero_ended.data(), endpoint.address.data()) == 1)
        endpoint.family = Endpoint::Family::ipv4;
    else if (inet_pton(AF_INET6, zero_ended.data(), endpoint.address.data()) == 1)
        endpoint.family = Endpoint::Family::ipv6;
    return endpoint.family != Endpoint::Family::none;
}

template <auto kMember>
bool read_address(Value& value, Close& close) {
    std::string_view text;
    return get_text(value, text) && parse_address(text, close.*kMember);
}

bool read_cookie(Value& value, Close& close) {
    std::string_view text;
    if (!get_text(value, text)) return false;
    const auto end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, close.socket_cookie, 16);
    return result.ec == std::errc{} && result.ptr == end;
}

// The key's size is known here, so comparing it takes no call.
template <const std::string_view& kKey>
bool is_called(const ondemand::raw_json_string& key) {
    return key.raw()[kKey.size()] == '"' && std::memcmp(key.raw(), kKey.data(), kKey.size()) == 0;
}

enum class Took : std::uint8_t { nothing, value, trash };

// If the key is ours, its value.
template <const std::string_view& kKey, auto kRead>
Took take(ondemand::field& field, Close& close) {
    if (!is_called<kKey>(field.key())) return Took::nothing;
    return kRead(field.value(), close) ? Took::value : Took::trash;
}

struct Field {
    Took (*take)(ondemand::field&, Close&);
    bool is_required = true;
};

// In the order append_record() writes them, so that a usual line finds each at the first look.
constexpr std::array kFields{
    Field{take<key::kTimestamp, read_half_close>},
    Field{take<key::kEventName, read_event>},
    Field{take<key::kPeerAddress, read_address<&Close::peer>>},
    Field{take<key::kPeerPort, read_port<&Close::peer>>},
    Field{take<key::kLocalAddress, read_address<&Close::local>>},
    Field{take<key::kLocalPort, read_port<&Close::local>>},
    Field{take<key::kClientAddress, read_text<&Close::client_address>>, false},
    Field{take<key::kServerAddress, read_text<&Close::vhost>>},
    Field{take<key::kUserAgent, read_text<&Close::user_agent>>},
    Field{take<key::kHttpVersion, read_word<&Close::http>>},
    Field{take<key::kTlsVersion, read_word<&Close::tls>>, false},
    Field{take<key::kState, read_word<&Close::state>>},
    Field{take<key::kCause, read_word<&Close::cause>>},
    Field{take<key::kDrain, read_word<&Close::drain>>},
    Field{take<key::kOutcome, read_word<&Close::outcome>>},
    Field{take<key::kProbe, read_word<&Close::probe>>},
    Field{take<key::kRequests, read_number<&Close::requests>>},
    Field{take<key::kDrainMs, read_ms<&Close::drain_time>>},
    Field{take<key::kDrainedBytes, read_number<&Close::drained_bytes>>},
    Field{take<key::kFinWait2Ms, read_ms<&Close::fin_wait_2_time>>},
    Field{take<key::kSocketCookie, read_cookie>},
    Field{take<key::kRttUs, read_number<&Close::rtt_us>>},
    Field{take<key::kUnacked, read_number<&Close::unacked>>},
    Field{take<key::kRetransmits, read_number<&Close::retransmits>>},
    Field{take<key::kMpm, read_word<&Close::mpm>>},
    Field{take<key::kRemedy, read_word<&Close::remedy>>, false},
    Field{take<key::kShared, read_true<&Close::is_shared>>, false},
    Field{take<key::kVia, read_true<&Close::has_via>>, false},
};

constexpr std::size_t kTrash = kFields.size() + 1;

constexpr std::uint32_t required_fields() {
    std::uint32_t fields = 0;
    for (std::size_t i = 0; i < kFields.size(); ++i)
        if (kFields[i].is_required) fields |= 1U << i;
    return fields;
}

// Looks from `expected` on, and around. kFields.size() if the key is none of ours.
std::size_t take_field(ondemand::field& field, std::size_t expected, Close& close) {
    for (std::size_t i = 0; i < kFields.size(); ++i) {
        const std::size_t at = (expected + i) % kFields.size();
        switch (kFields[at].take(field, close)) {
            case Took::nothing:
                break;
            case Took::value:
                return at;
            case Took::trash:
                return kTrash;
        }
    }
    return kFields.size();
}

}  // namespace

bool RecordParser::read(simdjson::padded_string_view line) {
    ondemand::document document;
    ondemand::object object;
    if (parser_.iterate(line).get(document) != simdjson::SUCCESS ||
        document.get_object().get(object) != simdjson::SUCCESS)
        return false;
    close_.client_address = {};
    close_.tls = TlsVersion::none;
    close_.remedy = Remedy::none;
    close_.is_shared = close_.has_via = false;
    std::uint32_t seen = 0;
    std::size_t expected = 0;
    for (auto member : object) {
        if (member.error() != simdjson::SUCCESS) return false;
        ondemand::field&& field = std::move(member).value_unsafe();
        const std::size_t at = take_field(field, expected, close_);
        if (at == kTrash) return false;
        if (at == kFields.size()) continue;
        seen |= 1U << at;
        expected = at + 1;
    }
    return (seen & required_fields()) == required_fields() &&
           document.current_location().error() == simdjson::OUT_OF_BOUNDS;  // nothing follows
}

const Close* RecordParser::parse(std::string_view line) {
    const std::size_t readable = line.size() + simdjson::SIMDJSON_PADDING;
    return read(simdjson::padded_string_view(line, readable)) ? &close_ : nullptr;
}

std::optional<Record> parse_record(std::string_view line) {
    const simdjson::padded_string padded(line);
    RecordParser parser;
    const Close* close = parser.parse(padded);
    if (!close) return std::nullopt;
    Record record{*close, {}};
    record.own_texts();
    return record;
}

}  // namespace finwait
