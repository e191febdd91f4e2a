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
        FinWaitTimeout 60s
    )",
                {.listen = netns.server_address()});
    Client client = netns.connect(Transport::plain, httpd.port());
    EXPECT_TRUE(client.get("/small").complete);
    netns.vanish();
    // FinWaitTimeout is as long as the test needs: the kernel's own end comes before.
    ASSERT_TRUE(wait_until(3s, [&] { return httpd.counters().waiting() == 1; }));
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

TEST_F(VanishedReader, IsGivenUpByTheKernelWhileItWaits) {
    Httpd httpd(Mpm::event,
                roomy("FinWaitDrainIdleTimeout 400ms\nFinWaitAckTimeout 2s\nFinWaitTimeout 60s\n"),
                {.listen = netns.server_address()});
    const Client client = vanish_from(httpd);
    ASSERT_TRUE(wait_until(3s, [&] { return httpd.counters().waiting() == 1; }));
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

// What the others are spared: its timer runs on (the kernel's own end is after some 100 s), also
// when the closer has given it up.
TEST_F(VanishedReader, IsKeptInFinWait1WithoutFinWaitAckTimeout) {
    Httpd httpd(Mpm::event, roomy("FinWaitDrainIdleTimeout 400ms\nFinWaitTimeout 2s\n"),
                {.listen = netns.server_address()});
    const Client client = vanish_from(httpd);
    expect_unacked_data(httpd.record_of(client, 15s));
    EXPECT_NE(httpd.kernel_sockets(client).find("FIN-WAIT-1"), std::string::npos);
    netns.come_back();
}

// After it has acknowledged our FIN: nothing but a probe can tell it from one that does not close.
struct GoneAfterItsAcknowledgement : PerMpm {
    Netns netns;

    Record end_of(const std::string& limits) {
        Httpd httpd(mpm, "KeepAliveTimeout 300ms\n" + limits, {.listen = netns.server_address()});
        Client client = netns.connect(Transport::plain, httpd.port());
        EXPECT_TRUE(client.get("/small").complete);
        EXPECT_TRUE(wait_until(10s, [&] {
            return httpd.kernel_sockets(client).find("FIN-WAIT-2") != std::string::npos;
        })) << httpd.kernel_sockets(client);
        netns.vanish();
        return httpd.record_of(client, 30s);
    }
};

TEST_P(GoneAfterItsAcknowledgement, HasVanishedAndIsNotStuck) {
    const Record record = end_of("FinWaitDrainIdleTimeout 500ms\nFinWaitTimeout 20s\n");
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.state, TcpState::fin_wait_2);
    EXPECT_EQ(record.outcome, Outcome::vanished) << name_of(record.outcome);
    EXPECT_EQ(record.probe, Probe::silent);
    EXPECT_FALSE(is_stuck(record.drain, record.state, record.probe));
    EXPECT_GE(record.fin_wait_2_ms, 3000U) << "two probes and more were left unanswered";
    EXPECT_LT(record.fin_wait_2_ms, 20'000U);
}

TEST_P(GoneAfterItsAcknowledgement, IsNoticedDuringALongDrain) {
    const Record record = end_of("FinWaitDrainIdleTimeout 30s\nFinWaitShortDrainTimeout 30s\n");
    EXPECT_EQ(record.outcome, Outcome::vanished) << name_of(record.outcome);
    EXPECT_EQ(record.probe, Probe::silent);
    EXPECT_LT(record.drain_ms, 20'000U);
}

INSTANTIATE_TEST_SUITE_P(Each, GoneAfterItsAcknowledgement, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
