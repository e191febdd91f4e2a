// SPDX-License-Identifier: Apache-2.0
//
// Client addresses as values: IPv6, and IPv4 in its mapped form (RFC 4291, section 2.5.5.2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "finwait/record.hpp"

namespace finwait::report {

using Address = std::array<std::uint8_t, 16>;

// Nothing if the text is no numeric address.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);
[[nodiscard]] std::string address_text(const Address& address);

// The client: behind a proxy that mod_remoteip trusts, the one that the proxy told.
[[nodiscard]] std::optional<Address> client_address(const Close& close);

// Whose socket it is: the proxy, if there is one.
[[nodiscard]] std::optional<Address> peer_address(const Close& close);

// Its network, as much as may be told of a person: /24 of IPv4, /48 of IPv6.
[[nodiscard]] Address masked(const Address& address);

struct Network {
    Address address{};
    unsigned bits = 128;

    [[nodiscard]] bool contains(const Address& other) const;
};

// `192.0.2.0/24`, `2001:db8::/32`, or one address.
[[nodiscard]] std::optional<Network> parse_network(std::string_view text);

}  // namespace finwait::report
