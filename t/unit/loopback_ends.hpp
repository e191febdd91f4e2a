// SPDX-License-Identifier: Apache-2.0
//
// Loopback addresses with a port.
#pragma once

#include "finwait/endpoint.hpp"

namespace finwait::test {

constexpr Endpoint ipv4(std::uint16_t port, std::uint8_t last = 1) {
    return {Endpoint::Family::ipv4, port, {127, 0, 0, last}};
}

inline Endpoint ipv6(std::uint16_t port) {
    Endpoint end{Endpoint::Family::ipv6, port, {}};
    end.address[15] = 1;
    return end;
}

}  // namespace finwait::test
