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
    Httpd httpd(mpm, "KeepAliveTimeout 300ms\nFinWaitDrainIdleTimeout 600ms\nFinWaitAckTimeout 1s\n",
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

}  // namespace
}  // namespace finwait::test
