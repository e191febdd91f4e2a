// SPDX-License-Identifier: Apache-2.0
#include "finwait/endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace finwait {

namespace {

Endpoint ipv4(const void* address, in_port_t port) {
    Endpoint endpoint{Endpoint::Family::ipv4, ntohs(port), {}};
    std::memcpy(endpoint.address.data(), address, sizeof(in_addr));
    return endpoint;
}

}  // namespace

Endpoint endpoint_from(const sockaddr* address) {
    if (address->sa_family == AF_INET) {
        sockaddr_in in;
        std::memcpy(&in, address, sizeof in);
        return ipv4(&in.sin_addr, in.sin_port);
    }
    if (address->sa_family != AF_INET6) return {};
    sockaddr_in6 in6;
    std::memcpy(&in6, address, sizeof in6);
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) return ipv4(&in6.sin6_addr.s6_addr[12], in6.sin6_port);
    Endpoint endpoint{Endpoint::Family::ipv6, ntohs(in6.sin6_port), {}};
    std::ranges::copy(in6.sin6_addr.s6_addr, endpoint.address.begin());
    return endpoint;
}

std::string address_text(const Endpoint& endpoint) {
    if (endpoint.family == Endpoint::Family::none) return {};
    const int family = endpoint.family == Endpoint::Family::ipv4 ? AF_INET : AF_INET6;
    char text[INET6_ADDRSTRLEN];
    return inet_ntop(family, endpoint.address.data(), text, sizeof text) ? text : "";
}

}  // namespace finwait
