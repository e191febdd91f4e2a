// SPDX-License-Identifier: Apache-2.0
//
// What is not the closer's, from the kernel's own tables.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

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

TEST(Foreign, IsShownWhereItIsKnown) {
    ClosingSockets counted;
    counted.sockets.backends = {{{Endpoint::Family::ipv4, 8009, {127, 0, 0, 1}}, "ajp", {0, 2, 0}}};
    counted.of = 10s;
    StatusView view;
    fill_foreign(counted, view);
    ASSERT_TRUE(view.knows_foreign());
    EXPECT_EQ(view.foreign.backends.size(), 1U);
    EXPECT_EQ(view.foreign.to_backends().fin_wait_2, 2U);
    EXPECT_EQ(view.foreign_of, 10s);
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
    neighbours.backends = {{{Endpoint::Family::ipv4, port, {127, 0, 0, 1}}, "http://b/"},
                           {{Endpoint::Family::ipv4, port, {127, 0, 0, 9}}, "http://idle/"}};
    // Where another test's crowd is in the same network, a look may have no room for these.
    ClosingSockets seen;
    const auto backends = [&] {
        return (seen = count_closing_sockets(neighbours, {})).sockets.backends;
    };
    ASSERT_EVENTUALLY(backends().size(), 1U) << "the other has no sockets";
    EXPECT_EQ(seen.why_not, "");
    EXPECT_EQ(seen.sockets.unattributed.fin_wait_2, 1U);
    EXPECT_EQ(seen.sockets.backends[0].name, "http://b/");
    EXPECT_EQ(seen.sockets.backends[0].sockets.all(), 1U);
    EXPECT_GE(seen.sockets.other_programs.all(), 1U);
    EXPECT_EQ(count_closing_sockets(neighbours, {{0, 1, 0}}).sockets.unattributed.fin_wait_2, 0U)
        << "it is held by a closer";
    EXPECT_EQ(count_closing_sockets(neighbours, {{1, 0, 0}}).sockets.unattributed.fin_wait_2, 0U)
        << "and was acknowledged since its last look";
    EXPECT_EQ(count_closing_sockets(neighbours, {{}, 1}).sockets.unattributed.fin_wait_2, 0U)
        << "it is on its way to one";
}

// Without a configuration that names it.
TEST(Foreign, WhatHttpdHasReachedIsABackend) {
    Loopback backend, others;
    TcpPair to_backend = backend.half_closed(), to_others = others.half_closed();
    OutgoingEnds outgoing;
    outgoing.note(
        {Endpoint::Family::ipv4, port_at(to_backend.server, ::getpeername), {127, 0, 0, 1}});
    Neighbours neighbours;
    neighbours.has_reached = [&](const Endpoint& end) { return outgoing.has(end); };
    ForeignSockets seen;
    const auto backends = [&] {
        return (seen = count_closing_sockets(neighbours, {}).sockets).backends;
    };
    ASSERT_EVENTUALLY(backends().size(), 1U);
    EXPECT_EQ(seen.backends[0].name, "");
    EXPECT_EQ(seen.backends[0].sockets.all(), 1U);
    EXPECT_GE(seen.other_programs.all(), 1U);
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
    EXPECT_EQ(count_closing_sockets(neighbours, {{1, 0, 0}}).sockets.unattributed.all(), 0U);
}

// How many walks there were.
struct Walks : testing::Test {
    KernelWalks walks;
    std::uint64_t made = 0;
    KernelWalks::Walk walk = [this] {
        ClosingSockets counted;
        counted.sockets.unattributed.fin_wait_2 = ++made;
        return counted;
    };

    std::uint64_t seen(std::chrono::nanoseconds now) {
        return walks.figures(now, walk).sockets.unattributed.fin_wait_2;
    }
};

TEST_F(Walks, AreMadeForAnAnswerWhereTheLastIsTooOld) {
    EXPECT_EQ(seen(10s), 1U) << "there is none";
    EXPECT_EQ(seen(10s + kWalkGood - 1ms), 1U);
    EXPECT_EQ(seen(10s + kWalkGood), 2U);
}

TEST_F(Walks, AreMadeAfterAnAnswerForTheNextAtLeastASecondApart) {
    EXPECT_EQ(seen(10s), 1U);
    walks.renew(10s + kWalkInterval - 1ms, walk);
    EXPECT_EQ(made, 1U);
    walks.renew(10s + kWalkInterval, walk);
    EXPECT_EQ(made, 2U);
    EXPECT_EQ(seen(12s), 2U);
}

TEST_F(Walks, AreMadeByOneThreadAtATime) {
    const KernelWalks::Walk another_comes = [this] {
        std::jthread([this] { walks.renew(20s, walk); }).join();
        return walk();
    };
    (void)walks.figures(10s, another_comes);
    EXPECT_EQ(made, 1U);
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
