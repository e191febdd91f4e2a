// SPDX-License-Identifier: Apache-2.0
//
// Clients whose packets stop: every one of theirs and ours is dropped from some moment on.
#include <gtest/gtest.h>

#include "clients/netns.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using Vanish = PerMpm;

TEST_P(Vanish, ClientThatVanishesEndsUnackedAfterTheIdleTimeout) {
    Netns netns;
    Httpd httpd(mpm,
                "KeepAliveTimeout 300ms\nFinWaitDrainIdleTimeout 600ms\nFinWaitAckTimeout 1s\n",
                {.listen = netns.server_address()});
    Client client = netns.connect(Transport::plain, httpd.port());
    EXPECT_TRUE(client.get("/small").complete);
    netns.vanish();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::keepalive_timeout);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.state, TcpState::fin_wait_1);
    EXPECT_EQ(record.outcome, Outcome::unacked);
    EXPECT_EQ(record.unacked, 1U);  // our FIN
    EXPECT_EQ(record.fin_wait_2_ms, 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, Vanish, testing::ValuesIn(kEachMpm), NameOf());

TEST(VanishedClient, IsGivenUpByTheKernelAfterFinWaitAckTimeout) {
    Netns netns;
    Httpd httpd(Mpm::event, R"(
        KeepAliveTimeout 300ms
        FinWaitDrainIdleTimeout 400ms
        FinWaitAckTimeout 2s
    )",
                {.listen = netns.server_address()});
    Client client = netns.connect(Transport::plain, httpd.port());
    EXPECT_TRUE(client.get("/small").complete);
    netns.vanish();
    // After close() only the kernel's own timer is left; its default would be some 100 s.
    ASSERT_TRUE(wait_until(3s, [&] { return httpd.counters().followed() == 1; }));
    EXPECT_NE(httpd.kernel_sockets(client).find("FIN-WAIT-1"), std::string::npos);
    EXPECT_TRUE(httpd.records().empty()) << "it is not known yet";
    EXPECT_EQ(httpd.record_of(client).outcome, Outcome::unacked);
    EXPECT_TRUE(wait_until(5s, [&] { return httpd.kernel_sockets(client).empty(); }))
        << httpd.kernel_sockets(client);
}

TEST(VanishedClient, IsNoticedDuringTheDrainWhenFinWaitAckTimeoutIsShorter) {
    Netns netns;
    Httpd httpd(Mpm::event, R"(
        KeepAliveTimeout 300ms
        FinWaitDrainIdleTimeout 8s
        FinWaitShortDrainTimeout 8s
        FinWaitAckTimeout 1s
    )",
                {.listen = netns.server_address()});
    Client client = netns.connect(Transport::plain, httpd.port());
    EXPECT_TRUE(client.get("/small").complete);
    netns.vanish();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.outcome, Outcome::unacked);
    EXPECT_LT(record.drain_ms, 4000U);
}

// One that has read nothing of its reply: most of it is unacknowledged, not only our FIN.
struct VanishedReader : testing::Test {
    Netns netns;

    // With room for the whole reply in the kernel: httpd has closed before it is read.
    std::string roomy(const std::string& directives) {
        return "SendBufferSize 400000\n" + directives;
    }
    Client vanish_from(Httpd& httpd) {
        Client client = netns.connect(Transport::plain, httpd.port(), {.receive_buffer = 16'384});
        client.ask("/3m", "Range: bytes=0-99999\r\nConnection: close\r\n");
        EXPECT_TRUE(httpd.wait_closes(1));
        netns.vanish();
        return client;
    }
    static void expect_unacked_data(const Record& record) {
        EXPECT_EQ(record.outcome, Outcome::unacked);
        EXPECT_EQ(record.state, TcpState::fin_wait_1);
        EXPECT_GT(record.unacked, 1U);
        EXPECT_EQ(record.fin_wait_2_ms, 0U);
    }
};

TEST_F(VanishedReader, IsGivenUpByTheKernelAfterTheCloserHasClosed) {
    Httpd httpd(Mpm::event, roomy("FinWaitDrainIdleTimeout 400ms\nFinWaitAckTimeout 2s\n"),
                {.listen = netns.server_address()});
    const Client client = vanish_from(httpd);
    ASSERT_TRUE(wait_until(3s, [&] { return httpd.counters().followed() == 1; }));
    EXPECT_NE(httpd.kernel_sockets(client).find("FIN-WAIT-1"), std::string::npos);
    expect_unacked_data(httpd.record_of(client, 10s));
    EXPECT_TRUE(wait_until(5s, [&] { return httpd.kernel_sockets(client).empty(); }))
        << httpd.kernel_sockets(client);
}

TEST_F(VanishedReader, IsGivenUpByTheKernelWhileTheCloserStillHoldsIt) {
    Httpd httpd(Mpm::event, roomy("FinWaitDrainIdleTimeout 20s\nFinWaitAckTimeout 2s\n"),
                {.listen = netns.server_address()});
    const Client client = vanish_from(httpd);
    EXPECT_EQ(httpd.counters().held(), 1U);
    const Record record = httpd.record_of(client, 10s);
    EXPECT_EQ(record.outcome, Outcome::unacked);
    EXPECT_LT(record.drain_ms, 8000U);
    EXPECT_TRUE(httpd.kernel_sockets(client).empty()) << httpd.kernel_sockets(client);
}

// What the others are spared: its timer runs on (the kernel's own end is after some 100 s).
TEST_F(VanishedReader, IsKeptInFinWait1WithoutFinWaitAckTimeout) {
    Httpd httpd(Mpm::event, roomy("FinWaitDrainIdleTimeout 400ms\n"),
                {.listen = netns.server_address()});
    const Client client = vanish_from(httpd);
    EXPECT_FALSE(wait_until(6s, [&] { return httpd.kernel_sockets(client).empty(); }));
    EXPECT_NE(httpd.kernel_sockets(client).find("FIN-WAIT-1"), std::string::npos);
    EXPECT_TRUE(httpd.records().empty());
    netns.come_back();
}

}  // namespace
}  // namespace finwait::test
