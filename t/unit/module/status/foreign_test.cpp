// SPDX-License-Identifier: Apache-2.0
//
// What is not the closer's, from the kernel's own tables.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "module/status/collect.hpp"
#include "unit/closer/drain/tcp_pair.hpp"

namespace finwait::test {
namespace {

using namespace std::chrono_literals;

std::uint16_t port_at(const UniqueFd& socket, decltype(::getsockname)* end) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(0, end(socket.get(), reinterpret_cast<sockaddr*>(&address), &size));
    return ntohs(address.sin_port);
}

TEST(Foreign, BackendsAreThoseThatHaveSockets) {
    ClosingSockets counted;
    counted.sockets.backends = {{{Endpoint::Family::ipv4, 8009, {127, 0, 0, 1}}, "ajp", {0, 2, 0}},
                                {{Endpoint::Family::ipv4, 8010, {127, 0, 0, 1}}, "idle", {}}};
    StatusView view;
    fill_foreign(counted, view);
    ASSERT_TRUE(view.knows_foreign());
    EXPECT_EQ(view.foreign.backends.size(), 1U);
    EXPECT_EQ(view.foreign.to_backends().fin_wait_2, 2U);
    StatusView blind;
    fill_foreign({{}, "it is forbidden"}, blind);
    EXPECT_FALSE(blind.knows_foreign());
    EXPECT_EQ(blind.foreign_unknown, "it is forbidden");
}

// The kernel's own table: a socket of each row.
TEST(Foreign, SocketsAreTold) {
    Loopback ours, backend, others;
    TcpPair a = ours.half_closed(), b = backend.half_closed(), c = others.half_closed();
    Neighbours neighbours;
    neighbours.ports.insert(port_at(a.server, ::getsockname));
    const std::uint16_t port = port_at(b.server, ::getpeername);
    neighbours.backends = {{{Endpoint::Family::ipv4, port, {127, 0, 0, 1}}, "http://b/"}};
    const auto counted = [&] { return count_closing_sockets(neighbours, {}); };
    const auto end = std::chrono::steady_clock::now() + 5s;
    ClosingSockets seen = counted();
    while (seen.why_not.empty() && seen.sockets.unattributed.fin_wait_2 == 0 &&
           std::chrono::steady_clock::now() < end)
        seen = counted();
    EXPECT_EQ(seen.why_not, "");
    EXPECT_EQ(seen.sockets.unattributed.fin_wait_2, 1U);
    ASSERT_EQ(seen.sockets.backends.size(), 1U);
    EXPECT_EQ(seen.sockets.backends[0].sockets.all(), 1U);
    EXPECT_GE(seen.sockets.other_programs.all(), 1U);
    EXPECT_EQ(count_closing_sockets(neighbours, {0, 1, 0}).sockets.unattributed.fin_wait_2, 0U)
        << "it is held by a closer";
    EXPECT_EQ(count_closing_sockets(neighbours, {1, 0, 0}).sockets.unattributed.fin_wait_2, 0U)
        << "and was acknowledged since its last look";
}

// What a closer holds as unacknowledged, the kernel has in other states, too.
TEST(Foreign, BothSidesClosedAndOneUnacknowledgedIsTheClosersToo) {
    Loopback small(4096);
    const TcpPair pair = small.connect();
    const std::string reply(100'000, 'x');
    ASSERT_GT(::send(pair.server.get(), reply.data(), reply.size(), MSG_DONTWAIT), 0);
    pair.half_close();
    ASSERT_EQ(0, ::shutdown(pair.client.get(), SHUT_WR));
    ASSERT_EVENTUALLY(tcp_state(pair.server), TCP_CLOSING);
    Neighbours neighbours;
    neighbours.ports.insert(port_at(pair.server, ::getsockname));
    EXPECT_EQ(count_closing_sockets(neighbours, {}).sockets.unattributed.closing, 1U);
    EXPECT_EQ(count_closing_sockets(neighbours, {1, 0, 0}).sockets.unattributed.all(), 0U);
}

TEST(Foreign, WhatHasEndedSinceTheLastWalkIsNotNobodys) {
    KernelWalks walks;
    Loopback ours;
    const TcpPair pair = ours.half_closed();
    Neighbours neighbours;
    neighbours.ports.insert(port_at(pair.server, ::getsockname));
    const auto unattributed = [&](const SocketCounts& held, auto now) {
        return walks.counted(neighbours, held, now).sockets.unattributed.fin_wait_2;
    };
    EXPECT_EQ(unattributed({0, 1, 0}, 10s), 0U);
    EXPECT_EQ(unattributed({}, 10s + 999ms), 0U);
    EXPECT_EVENTUALLY(unattributed({}, 11s), 1U);
}

TEST(Foreign, WalksAreAtLeastASecondApart) {
    KernelWalks walks;
    Loopback ours;
    TcpPair pair = ours.half_closed();
    const std::uint64_t first = walks.counted({}, {}, 10s).sockets.other_programs.all();
    EXPECT_GE(first, 1U);
    TcpPair another = ours.half_closed();
    EXPECT_EQ(walks.counted({}, {}, 10s + 999ms).sockets.other_programs.all(), first);
    EXPECT_GE(walks.counted({}, {}, 11s).sockets.other_programs.all(), 1U);
}

TEST(Kernel, IsReadFromProcAndWhatIsNotThereIsNotKnown) {
    const std::string proc = testing::TempDir() + "finwait-proc-" + std::to_string(::getpid());
    std::filesystem::create_directories(proc + "/sys/net/ipv4");
    std::filesystem::create_directories(proc + "/net");
    std::ofstream(proc + "/sys/net/ipv4/tcp_fin_timeout") << "60\n";
    std::ofstream(proc + "/net/sockstat")
        << "sockets: used 9\nTCP: inuse 5 orphan 4 tw 3 alloc 8 mem 1\n";
    const KernelView kernel = read_kernel(proc);
    std::filesystem::remove_all(proc);
    EXPECT_EQ(kernel.fin_timeout_s, 60U);
    EXPECT_EQ(kernel.orphans, 4U);
    EXPECT_EQ(kernel.tw_buckets, 3U);
    EXPECT_FALSE(kernel.max_orphans);
    EXPECT_FALSE(read_kernel("/nowhere").orphans);
}

}  // namespace
}  // namespace finwait::test
