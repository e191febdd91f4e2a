// SPDX-License-Identifier: Apache-2.0
//
// The network of an address, as far as one owner can be assumed: an IPv4 /24, an IPv6 /48. A value.
#pragma once

#include <cstdint>
#include <string>

#include "finwait/endpoint.hpp"

namespace finwait {

// The prefix's bytes, and the family in the lowest: 0 is no network.
enum class Network : std::uint64_t { none = 0 };

[[nodiscard]] constexpr Network network_of(const Endpoint& endpoint) {
    if (endpoint.family == Endpoint::Family::none) return Network::none;
    const std::size_t prefix = endpoint.family == Endpoint::Family::ipv4 ? 3 : 6;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < prefix; ++i)
        bits |= std::uint64_t{endpoint.address[i]} << (56 - 8 * i);
    return Network{bits | static_cast<std::uint64_t>(endpoint.family)};
}

// 192.0.2.0/24, 2001:db8:1::/48
[[nodiscard]] std::string network_text(Network network);

}  // namespace finwait
