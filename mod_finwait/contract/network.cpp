// SPDX-License-Identifier: Apache-2.0
#include "finwait/network.hpp"

namespace finwait {

std::string network_text(Network network) {
    const auto bits = static_cast<std::uint64_t>(network);
    Endpoint base;
    base.family = static_cast<Endpoint::Family>(bits & 0xff);
    for (std::size_t i = 0; i < 6; ++i)
        base.address[i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
    if (base.family == Endpoint::Family::none) return {};
    return address_text(base) + (base.family == Endpoint::Family::ipv4 ? "/24" : "/48");
}

}  // namespace finwait
