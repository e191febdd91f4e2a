// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace finwait::report {

namespace {

constexpr Address kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::ptrdiff_t kMappedBytes = 12;
constexpr unsigned kMappedBits = 96;

bool is_ipv4(const Address& address) {
    return std::equal(address.begin(), address.begin() + kMappedBytes, kMappedPrefix.begin());
}

Address address_from(const Endpoint& endpoint) {
    if (endpoint.family == Endpoint::Family::ipv6) return endpoint.address;
    Address address = kMappedPrefix;
    std::copy_n(endpoint.address.begin(), 4, address.begin() + kMappedBytes);
    return address;
}

// The first `bits` bits; the rest are 0.
Address prefix_of(Address address, unsigned bits) {
    for (unsigned i = 0; i < address.size(); ++i) {
        const unsigned kept = bits > i * 8 ? std::min(bits - i * 8, 8U) : 0;
        address[i] = static_cast<std::uint8_t>(address[i] & (0xFF00U >> kept));
    }
    return address;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
    const std::string zero_ended(text);
    Endpoint endpoint;
    if (inet_pton(AF_INET, zero_ended.c_str(), endpoint.address.data()) == 1)
        endpoint.family = Endpoint::Family::ipv4;
    else if (inet_pton(AF_INET6, zero_ended.c_str(), endpoint.address.data()) == 1)
        endpoint.family = Endpoint::Family::ipv6;
    else
        return std::nullopt;
    return address_from(endpoint);
}

std::string address_text(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (is_ipv4(address))
        inet_ntop(AF_INET, address.data() + kMappedBytes, text.data(), text.size());
    else
        inet_ntop(AF_INET6, address.data(), text.data(), text.size());
    return text.data();
}

std::optional<Address> client_address(const Close& close) {
    if (!close.client_address.empty()) return parse_address(close.client_address);
    return peer_address(close);
}

std::optional<Address> peer_address(const Close& close) {
    if (close.peer.family == Endpoint::Family::none) return std::nullopt;
    return address_from(close.peer);
}

Address masked(const Address& address) {
    return prefix_of(address, is_ipv4(address) ? kMappedBits + 24 : 48);
}

bool Network::contains(const Address& other) const {
    return prefix_of(other, bits) == address;
}

std::optional<Network> parse_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return std::nullopt;
    const unsigned most = is_ipv4(*address) ? 32 : 128;
    unsigned bits = most;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const auto end = digits.data() + digits.size();
        const auto result = std::from_chars(digits.data(), end, bits);
        if (result.ec != std::errc{} || result.ptr != end || bits > most) return std::nullopt;
    }
    bits += 128 - most;
    return Network{prefix_of(*address, bits), bits};
}

}  // namespace finwait::report
