// SPDX-License-Identifier: Apache-2.0
//
// One end of a TCP connection. A value: no ownership, any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

struct sockaddr;

namespace finwait {

struct Endpoint {
    enum class Family : std::uint8_t { none = 0, ipv4 = 4, ipv6 = 6 };

    Family family = Family::none;
    std::uint16_t port = 0;                  // host byte order
    std::array<std::uint8_t, 16> address{};  // network byte order; IPv4 uses the first four

    auto operator<=>(const Endpoint&) const = default;
};

// An IPv4-mapped address (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2) becomes IPv4: that is how
// httpd's own logs print it. Any other family gives Family::none.
[[nodiscard]] Endpoint endpoint_from(const sockaddr* address);

// The numeric address without the port; "" for Family::none.
[[nodiscard]] std::string address_text(const Endpoint& endpoint);

// The endpoint, without a port, whose address_text() is exactly this; Family::none if there is
// none.
[[nodiscard]] Endpoint endpoint_from_text(std::string_view text);

}  // namespace finwait
