// SPDX-License-Identifier: Apache-2.0
//
// What clients do after the drain, when nobody owns their connection any more: the Record knows.
#include <gtest/gtest.h>

#include "clients/can.hpp"
#include "clients/crowd.hpp"
#include "clients/netns.hpp"
#include "server/config.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

constexpr const char* kLimits = R"(
    KeepAliveTimeout 200ms
    FinWaitDrainIdleTimeout 200ms
    FinWaitTimeout 3s
)";

struct Follow : PerMpmAndTransport {
    Httpd httpd{mpm, kLimits};
    Client client = httpd.client(transport);

    // The drain is over, the client has not closed.
    void SetUp() override {
        ASSERT_TRUE(client.get("/small").complete);
        ASSERT_EQ(client.wait_end(), End::fin);
        ASSERT_EVENTUALLY(httpd.counters().followed(), 1U);
        EXPECT_TRUE(httpd.records().empty());
    }
};

TEST_P(Follow, AClientThatClosesAfterTheDrainWasLate) {
    const auto before = Clock::now();
    (void)wait_until(500ms, [] { return false; });  // the client's own delay
    const auto waited = std::chrono::duration_cast<milliseconds>(Clock::now() - before);
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.outcome, Outcome::late_fin);
    EXPECT_GE(record.fin_wait_2_ms + 120, 200U + static_cast<std::uint64_t>(waited.count()));
    EXPECT_LE(record.fin_wait_2_ms, 200U + static_cast<std::uint64_t>(waited.count()) + 250);
}

TEST_P(Follow, AClientThatResetsAfterTheDrainDidSo) {
    client.reset();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.outcome, Outcome::reset);
    EXPECT_LT(record.fin_wait_2_ms, 2000U);
}

TEST_P(Follow, AClientThatNeverClosesIsGivenUpByTheKernel) {
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.outcome, Outcome::kernel_timeout);
    EXPECT_GE(record.fin_wait_2_ms, 3100U);
    EXPECT_LE(record.fin_wait_2_ms, 3700U);  // the kernel's timers are late by up to an eighth
    EXPECT_TRUE(httpd.kernel_sockets(client).empty());
}

TEST_P(Follow, AGracefulRestartGoesOn) {
    httpd.graceful();
    EXPECT_EQ(httpd.counters().followed(), 1U);
    client.close();
    EXPECT_EQ(httpd.record_of(client).outcome, Outcome::late_fin);
}

TEST_P(Follow, AStopWritesTheRecordAtOnce) {
    httpd.stop();
    EXPECT_EQ(httpd.record_of(client).outcome, Outcome::unknown);
    EXPECT_EQ(httpd.counters().followed(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, Follow,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

TEST(Followed, SocketsOfAKilledCloserAreLost) {
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 200ms\nFinWaitTimeout 20s\n");
    httpd.expect_error("the closer died");
    const pid_t first = httpd.closer_pid();
    const auto crowd = crowd_that_never_closes(httpd.port(), 30);
    ASSERT_EVENTUALLY(httpd.counters().followed(), 30U);
    kill(first, SIGKILL);
    ASSERT_TRUE(httpd.wait_settled());
    EXPECT_EQ(read(httpd.counters().closer().lost), 30U);
    EXPECT_EQ(httpd.counters().followed(), 0U);
}

TEST(Followed, BeyondFinWaitMaxFollowedEndUnknownAtOnce) {
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 200ms\nFinWaitMaxFollowed 10\n");
    const auto crowd = crowd_that_never_closes(httpd.port(), 30);
    ASSERT_EVENTUALLY(httpd.records().size(), 30U);
    std::size_t unknown = 0;
    for (const Record& record : httpd.records()) unknown += record.outcome == Outcome::unknown;
    EXPECT_EQ(unknown, 20U);
    EXPECT_EQ(read(httpd.counters().closer().unfollowed), 20U);
    httpd.stop();  // httpd reads what the closer has to say every ten seconds, and at its end
    EXPECT_NE(httpd.error_log().find("FinWaitMaxFollowed allows no more"), std::string::npos);
}

TEST(Followed, OnIPv6AndOnIPv4ThroughAnIPv6Listener) {
    SKIP_IF(why_no_ipv6());
    const std::uint16_t port = free_ports().plain;
    Httpd httpd(Mpm::event,
                "FinWaitDrainIdleTimeout 200ms\nListen [::]:" + std::to_string(port) + "\n");
    for (const char* address : {"127.0.0.2", "::1"}) {
        Client client(Transport::plain, port, {.address = address});
        ASSERT_TRUE(client.get("/small", "Connection: close\r\n").complete);
        const Record record = httpd.record_of(client);
        EXPECT_EQ(address_text(record.local), address);
        EXPECT_EQ(record.outcome, Outcome::kernel_timeout) << name_of(record.outcome);
    }
}

TEST(Followed, AnAcknowledgementThatComesAfterTheDrainBeginsFinWait2) {
    SKIP_IF(why_no_vanishing_clients());
    Netns netns;
    Httpd httpd(Mpm::event, "KeepAliveTimeout 3s\nFinWaitDrainIdleTimeout 500ms\n",
                {.listen = netns.server_address()});
    Client client = netns.connect(Transport::plain, httpd.port());
    EXPECT_TRUE(client.get("/small").complete);
    netns.vanish();
    ASSERT_EVENTUALLY(httpd.counters().followed(), 1U);
    netns.come_back();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.state, TcpState::fin_wait_1) << "when the drain ended";
    EXPECT_EQ(record.outcome, Outcome::kernel_timeout) << name_of(record.outcome);
    EXPECT_GE(record.fin_wait_2_ms, 800U);
    EXPECT_LE(record.fin_wait_2_ms, 20'000U);
}

}  // namespace
}  // namespace finwait::test
