// SPDX-License-Identifier: Apache-2.0
#include "finwait/handoff.hpp"

#include "contract/rule_wire.hpp"
#include "contract/wire.hpp"

namespace finwait {

namespace {

using wire::Reader;
using wire::Writer;

void put_endpoint(Writer& writer, const Endpoint& endpoint) {
    writer.put(endpoint.family);
    if (endpoint.family == Endpoint::Family::none) return;
    writer.put(endpoint.port);
    writer.put_bytes(endpoint.address.data(),
                     endpoint.family == Endpoint::Family::ipv4 ? 4 : endpoint.address.size());
}

bool get_endpoint(Reader& reader, Endpoint& endpoint) {
    endpoint = Endpoint{};
    const auto family = reader.get<std::uint8_t>();
    endpoint.family = static_cast<Endpoint::Family>(family);
    switch (endpoint.family) {
        case Endpoint::Family::none:
            return true;
        case Endpoint::Family::ipv4:
            endpoint.port = reader.get<std::uint16_t>();
            reader.get_bytes(endpoint.address.data(), 4);
            return true;
        case Endpoint::Family::ipv6:
            endpoint.port = reader.get<std::uint16_t>();
            reader.get_bytes(endpoint.address.data(), endpoint.address.size());
            return true;
    }
    return false;
}

// What few closes and virtual hosts have takes a bit where they do not, so that most messages stay
// small.
enum Given : std::uint8_t {
    given_drain_limit = 1,
    given_ack_timeout = 2,
    given_auto_rule = 4,
    given_wait_timeout = 8,
    given_shared = 16,
    given_via = 32,
};
constexpr std::uint8_t kAllGiven = 63;

std::uint8_t given_in(const Handoff& handoff) {
    std::uint8_t given = 0;
    if (handoff.policy.drain_limit_bytes != Policy::kUnlimited) given |= given_drain_limit;
    if (handoff.policy.ack_timeout_ms != Policy::kAckKernel) given |= given_ack_timeout;
    if (handoff.close.auto_rule) given |= given_auto_rule;
    if (handoff.policy.wait_timeout_ms != Policy().wait_timeout_ms) given |= given_wait_timeout;
    if (handoff.close.is_shared) given |= given_shared;
    if (handoff.close.has_via) given |= given_via;
    return given;
}

void put_policy(Writer& writer, const Handoff& handoff) {
    const Policy& policy = handoff.policy;
    const std::uint8_t given = given_in(handoff);
    writer.put(given);
    writer.put(policy.drain_timeout_ms);
    writer.put(policy.drain_idle_timeout_ms);
    writer.put(policy.method);
    if (given & given_drain_limit) writer.put(policy.drain_limit_bytes);
    if (given & given_ack_timeout) writer.put(policy.ack_timeout_ms);
    if (handoff.close.auto_rule) wire::put_rule(writer, *handoff.close.auto_rule);
    if (given & given_wait_timeout) writer.put(policy.wait_timeout_ms);
}

bool get_logs(Reader& reader, LogIds& logs) {
    logs = LogIds{};
    logs.count = reader.get<std::uint8_t>();
    if (logs.count > logs.ids.size()) return false;
    for (std::size_t i = 0; i < logs.count; ++i) logs.ids[i] = reader.get<std::uint16_t>();
    return true;
}

template <typename E>
bool get_word(Reader& reader, E& word) {
    const auto known = word_at<E>(reader.get<std::uint8_t>());
    if (known) word = *known;
    return known.has_value();
}

// No directive allows more, and what a compromised child asks for must end.
bool is_in_range(const Policy& policy) {
    constexpr auto kMax = static_cast<std::uint32_t>(kTimeoutMax.count());
    return policy.drain_timeout_ms <= kMax && policy.drain_idle_timeout_ms <= kMax &&
           policy.ack_timeout_ms <= kMax &&
           (policy.wait_timeout_ms <= kMax || policy.wait_timeout_ms == Policy::kWaitKernel);
}

bool get_policy(Reader& reader, Handoff& handoff) {
    handoff.policy = Policy();
    handoff.close.auto_rule.reset();
    Policy& policy = handoff.policy;
    const auto given = reader.get<std::uint8_t>();
    handoff.close.is_shared = (given & given_shared) != 0;
    handoff.close.has_via = (given & given_via) != 0;
    policy.drain_timeout_ms = reader.get<std::uint32_t>();
    policy.drain_idle_timeout_ms = reader.get<std::uint32_t>();
    if (!get_word(reader, policy.method)) return false;
    if (given & given_drain_limit) policy.drain_limit_bytes = reader.get<std::uint64_t>();
    if (given & given_ack_timeout) policy.ack_timeout_ms = reader.get<std::uint32_t>();
    if (given & given_auto_rule && !wire::get_rule(reader, handoff.close.auto_rule.emplace()))
        return false;
    if (given & given_wait_timeout) policy.wait_timeout_ms = reader.get<std::uint32_t>();
    return given <= kAllGiven && given == given_in(handoff) && is_in_range(policy);
}

bool get_words(Reader& reader, Handoff& handoff) {
    return get_word(reader, handoff.close.cause) && get_word(reader, handoff.close.outcome) &&
           get_word(reader, handoff.close.http) && get_word(reader, handoff.close.tls) &&
           get_word(reader, handoff.close.mpm) && get_word(reader, handoff.close.remedy);
}

bool get_members(Reader& reader, Handoff& handoff) {
    if (!get_words(reader, handoff)) return false;
    handoff.close.requests = reader.get<std::uint32_t>();
    handoff.half_close = std::chrono::nanoseconds(reader.get<std::int64_t>());
    if (!get_policy(reader, handoff)) return false;
    if (!get_logs(reader, handoff.close.logs)) return false;
    if (!get_endpoint(reader, handoff.close.peer) || !get_endpoint(reader, handoff.close.local))
        return false;
    handoff.close.vhost = reader.get_text<std::uint8_t>(kVhostMax);
    handoff.close.user_agent = reader.get_text<std::uint16_t>(kUserAgentMax);
    handoff.close.client_address = reader.get_text<std::uint8_t>(kClientAddressMax);
    return !reader.out_of_range();
}

}  // namespace

std::size_t encode(const Handoff& handoff, std::span<std::byte> out) {
    if (handoff.close.logs.count > handoff.close.logs.ids.size()) return 0;
    Writer writer(out);
    writer.put(kHandoffVersion);
    writer.put(handoff.kind);
    writer.put(handoff.close.cause);
    writer.put(handoff.close.outcome);
    writer.put(handoff.close.http);
    writer.put(handoff.close.tls);
    writer.put(handoff.close.mpm);
    writer.put(handoff.close.remedy);
    writer.put(handoff.close.requests);
    writer.put(static_cast<std::int64_t>(handoff.half_close.count()));
    put_policy(writer, handoff);
    writer.put(handoff.close.logs.count);
    for (std::size_t i = 0; i < handoff.close.logs.count; ++i)
        writer.put(handoff.close.logs.ids[i]);
    put_endpoint(writer, handoff.close.peer);
    put_endpoint(writer, handoff.close.local);
    writer.put_text<std::uint8_t>(handoff.close.vhost, kVhostMax);
    writer.put_text<std::uint16_t>(handoff.close.user_agent, kUserAgentMax);
    writer.put_text<std::uint8_t>(handoff.close.client_address, kClientAddressMax);
    return writer.size();
}

DecodeError decode(std::span<const std::byte> bytes, Handoff& handoff) {
    Reader reader(bytes);
    const auto version = reader.get<std::uint8_t>();
    const auto kind = reader.get<std::uint8_t>();
    if (reader.truncated()) return DecodeError::truncated;
    if (version != kHandoffVersion) return DecodeError::wrong_version;
    handoff.kind = static_cast<MessageKind>(kind);
    if (handoff.kind != MessageKind::handoff && handoff.kind != MessageKind::ended)
        return DecodeError::bad_value;
    // A member read past the end is zero, and zero may be out of range: truncation comes first.
    const bool in_range = get_members(reader, handoff);
    if (reader.truncated()) return DecodeError::truncated;
    if (!in_range) return DecodeError::bad_value;
    return reader.left() == 0 ? DecodeError::none : DecodeError::trailing_bytes;
}

std::string_view describe(DecodeError error) {
    switch (error) {
        case DecodeError::none:
            return "no error";
        case DecodeError::truncated:
            return "the message ends too early";
        case DecodeError::wrong_version:
            return "the message is of another version of mod_finwait";
        case DecodeError::bad_value:
            return "a member of the message is out of its range";
        case DecodeError::trailing_bytes:
            return "bytes follow the end of the message";
    }
    return "unknown error";
}

}  // namespace finwait
