// SPDX-License-Identifier: Apache-2.0
//
// The kernel's own table: what it has of sockets that no process has any more.
#include "module/status/kernel_table.hpp"

#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include <vector>

#include "unit/closer/drain/tcp_pair.hpp"
#include "unit/closer/open_descriptors.hpp"
#include "unit/loopback_ends.hpp"

namespace finwait::test {
namespace {

std::uint64_t fin_wait_2_on(std::uint16_t port) {
    const KernelTable table = read_kernel_table({&port, 1});
    EXPECT_EQ(0, table.error);
    return table.on_ports.fin_wait_2;
}

std::uint16_t port_of(const UniqueFd& socket) {
    sockaddr_in6 address{};  // the port is at the same place in both
    socklen_t size = sizeof address;
    EXPECT_EQ(0, ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size));
    return ntohs(address.sin6_port);
}

bool has_ipv6() {
    const UniqueFd socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in6 loopback{AF_INET6, 0, 0, in6addr_loopback, 0};
    return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
}

// As the closer closes it at its end.
TEST(KernelTable, LeavesOutASocketThatTheKernelIsAboutToForget) {
    Loopback loopback;
    TcpPair pair = loopback.half_closed();
    const std::uint16_t port = port_of(pair.server);
    EXPECT_EQ(1U, fin_wait_2_on(port));
    const int second = 1;
    ASSERT_EQ(0, ::setsockopt(pair.server.get(), IPPROTO_TCP, TCP_LINGER2, &second, sizeof second));
    pair.server.reset();
    EXPECT_EQ(0U, fin_wait_2_on(port));
}

// For a minute.
TEST(KernelTable, HasASocketThatItsProgramLeftToTheKernel) {
    Loopback loopback;
    TcpPair pair = loopback.half_closed();
    const std::uint16_t port = port_of(pair.server);
    pair.server.reset();
    EXPECT_EQ(1U, fin_wait_2_on(port));
}

// A server on IPv6 for both, as httpd usually is.
TEST(KernelTable, HasIPv6AndOnTheSameSocketIPv4AsIPv4) {
    if (!has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
    const UniqueFd listener(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 six{AF_INET6, 0, 0, in6addr_any, 0};
    const int off = 0;
    ASSERT_EQ(0, ::setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off));
    ASSERT_EQ(0, ::bind(listener.get(), reinterpret_cast<sockaddr*>(&six), sizeof six));
    ASSERT_EQ(0, ::listen(listener.get(), 2));
    const std::uint16_t port = port_of(listener);
    six.sin6_port = htons(port);
    six.sin6_addr = in6addr_loopback;
    const sockaddr_in four{AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
    std::vector<TcpPair> pairs;
    const auto half_close_one = [&](const auto& server) {
        TcpPair& pair = pairs.emplace_back();
        const auto* address = reinterpret_cast<const sockaddr*>(&server);
        pair.client.reset(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(0, ::connect(pair.client.get(), address, sizeof server));
        pair.server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        pair.half_close();
        pair.acknowledge_now();
        EXPECT_EVENTUALLY(tcp_state(pair.server), TCP_FIN_WAIT2);
    };
    half_close_one(six);
    half_close_one(four);
    EXPECT_EQ(2U, fin_wait_2_on(port));
    // Where another test's crowd is in the same network, a look may have no room for these.
    const auto has = [](const Endpoint& end) {
        return read_kernel_table({}).by_remote.contains(end);
    };
    EXPECT_EVENTUALLY(has(ipv6(port_of(pairs[0].client))), true);
    EXPECT_EVENTUALLY(has(ipv4(port_of(pairs[1].client))), true);
}

TEST(KernelTable, LeavesNoDescriptor) {
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(0, read_kernel_table({}).error);
    EXPECT_EQ(before, open_descriptors());
}

}  // namespace
}  // namespace finwait::test
