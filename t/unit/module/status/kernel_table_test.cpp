// SPDX-License-Identifier: Apache-2.0
//
// The kernel's own table: what it has of sockets that no process has any more.
#include "module/status/kernel_table.hpp"

#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include "unit/closer/drain/tcp_pair.hpp"

namespace finwait::test {
namespace {

std::uint64_t fin_wait_2_on(std::uint16_t port) {
    const KernelTable table = read_kernel_table({&port, 1});
    EXPECT_EQ(0, table.error);
    return table.on_ports.fin_wait_2;
}

std::uint16_t port_of(const UniqueFd& socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(0, ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size));
    return ntohs(address.sin_port);
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

}  // namespace
}  // namespace finwait::test
