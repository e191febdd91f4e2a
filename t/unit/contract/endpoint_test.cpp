// SPDX-License-Identifier: Apache-2.0
#include "finwait/endpoint.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace finwait {
namespace {

Endpoint from_ipv6(const char* text, std::uint16_t port) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    inet_pton(AF_INET6, text, &address.sin6_addr);
    return endpoint_from(reinterpret_cast<sockaddr*>(&address));
}

TEST(Endpoint, OfIpv4IsPrintedDotted) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(8080);
    inet_pton(AF_INET, "203.0.113.5", &address.sin_addr);
    const Endpoint endpoint = endpoint_from(reinterpret_cast<sockaddr*>(&address));
    EXPECT_EQ(address_text(endpoint), "203.0.113.5");
    EXPECT_EQ(endpoint.port, 8080);
}

TEST(Endpoint, OfIpv6IsPrintedShort) {
    EXPECT_EQ(address_text(from_ipv6("2001:db8:0:0::1", 443)), "2001:db8::1");
}

TEST(Endpoint, OfAMappedIpv4AddressIsIpv4) {
    const Endpoint endpoint = from_ipv6("::ffff:203.0.113.5", 443);
    EXPECT_EQ(endpoint.family, Endpoint::Family::ipv4);
    EXPECT_EQ(address_text(endpoint), "203.0.113.5");
    EXPECT_EQ(endpoint.port, 443);
}

TEST(Endpoint, OfATextIsTheOneThatIsPrintedSo) {
    for (const char* text : {"203.0.113.5", "2001:db8::1", "::ffff:203.0.113.5", "::"})
        EXPECT_EQ(address_text(endpoint_from_text(text)), text);
    for (const char* text : {"", "203.0.113", "2001:DB8::1", "2001:db8:0::1", "fe80::1%eth0",
                             "unknown", "1111:2222:3333:4444:5555:6666:7777:8888:9999"})
        EXPECT_EQ(endpoint_from_text(text).family, Endpoint::Family::none) << text;
}

TEST(Endpoint, OfAnotherFamilyIsNone) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const Endpoint endpoint = endpoint_from(reinterpret_cast<sockaddr*>(&address));
    EXPECT_EQ(endpoint.family, Endpoint::Family::none);
    EXPECT_EQ(address_text(endpoint), "");
}

}  // namespace
}  // namespace finwait
