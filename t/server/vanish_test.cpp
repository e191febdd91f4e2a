// SPDX-License-Identifier: Apache-2.0
//
// Clients whose packets stop: every one of theirs and ours is dropped from some moment on.
#include <gtest/gtest.h>

#include <optional>

#include "clients/can.hpp"
#include "clients/netns.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

using Vanish = PerMpm;

TEST_P(Vanish, ClientThatVanishesEndsUnackedAfterTheIdleTimeout) {
    SKIP_IF(why_no_vanishing_clients());
    Netns netns;
    Httpd httpd(mpm, "KeepAliveTimeout 3s\nFinWaitDrainIdleTimeout 600ms\nFinWaitAckTimeout 1s\n",
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
    SKIP_IF(why_no_vanishing_clients());
    Netns netns;
    Httpd httpd(Mpm::event, R"(
        KeepAliveTimeout 3s
        FinWaitDrainIdleTimeout 400ms
        FinWaitAckTimeout 5s
    )",
                {.listen = netns.server_address()});
    Client client = netns.connect(Transport::plain, httpd.port());
    EXPECT_TRUE(client.get("/small").complete);
    netns.vanish();
    // After close() only the kernel's own timer is left; its default would be some 100 s.
    ASSERT_EVENTUALLY(httpd.counters().followed(), 1U);
    EXPECT_THAT(httpd.kernel_sockets(client), HasSubstr("FIN-WAIT-1"));
    EXPECT_TRUE(httpd.records().empty()) << "it is not known yet";
    EXPECT_EQ(httpd.record_of(client).outcome, Outcome::unacked);
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), IsEmpty());
}

TEST(VanishedClient, IsNoticedDuringTheDrainWhenFinWaitAckTimeoutIsShorter) {
    SKIP_IF(why_no_vanishing_clients());
    Netns netns;
    Httpd httpd(Mpm::event, R"(
        KeepAliveTimeout 3s
        FinWaitDrainIdleTimeout 60s
        FinWaitShortDrainTimeout 60s
        FinWaitDrainTimeout 60s
        FinWaitAckTimeout 1s
    )",
                {.listen = netns.server_address()});
    Client client = netns.connect(Transport::plain, httpd.port());
    EXPECT_TRUE(client.get("/small").complete);
    netns.vanish();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.outcome, Outcome::unacked);
    EXPECT_LT(record.drain_ms, 30'000U);
}

// One that has read nothing of its reply: most of it is unacknowledged, not only our FIN.
struct VanishedReader : testing::Test {
    std::optional<Netns> netns;

    void SetUp() override {
        SKIP_IF(why_no_vanishing_clients());
        netns.emplace();
    }

    // With room for the whole reply in the kernel: httpd has closed before it is read.
    std::string roomy(const std::string& directives) {
        return "SendBufferSize 400000\n" + directives;
    }
    Client vanish_from(Httpd& httpd) {
        Client client = netns->connect(Transport::plain, httpd.port(), {.receive_buffer = 16'384});
        client.ask("/3m", "Range: bytes=0-99999\r\nConnection: close\r\n");
        EXPECT_EVENTUALLY(httpd.counters().closes(), 1U);
        netns->vanish();
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
    Httpd httpd(Mpm::event, roomy("FinWaitDrainIdleTimeout 2s\nFinWaitAckTimeout 6s\n"),
                {.listen = netns->server_address()});
    const Client client = vanish_from(httpd);
    ASSERT_EVENTUALLY(httpd.counters().followed(), 1U);
    EXPECT_THAT(httpd.kernel_sockets(client), HasSubstr("FIN-WAIT-1"));
    expect_unacked_data(httpd.record_of(client));
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), IsEmpty());
}

TEST_F(VanishedReader, IsGivenUpByTheKernelWhileTheCloserStillHoldsIt) {
    Httpd httpd(
        Mpm::event,
        roomy("FinWaitDrainIdleTimeout 60s\nFinWaitDrainTimeout 60s\nFinWaitAckTimeout 2s\n"),
        {.listen = netns->server_address()});
    const Client client = vanish_from(httpd);
    EXPECT_EVENTUALLY(read(httpd.counters().closer().received), 1U);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.outcome, Outcome::unacked);
    EXPECT_LT(record.drain_ms, 30'000U);
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), IsEmpty());
}

// What the others are spared: its timer runs on (the kernel's own end is after some 100 s).
TEST_F(VanishedReader, IsKeptInFinWait1WithoutFinWaitAckTimeout) {
    Httpd httpd(Mpm::event, roomy("FinWaitDrainIdleTimeout 400ms\n"),
                {.listen = netns->server_address()});
    const Client client = vanish_from(httpd);
    EXPECT_FALSE(wait_until(6s, [&] { return httpd.kernel_sockets(client).empty(); }));
    EXPECT_THAT(httpd.kernel_sockets(client), HasSubstr("FIN-WAIT-1"));
    EXPECT_TRUE(httpd.records().empty());
    netns->come_back();
}

}  // namespace
}  // namespace finwait::test
