// SPDX-License-Identifier: Apache-2.0
//
// Clients whose packets stop: every one of theirs and ours is dropped from some moment on.
#include <gtest/gtest.h>

#include <optional>

#include "clients/can.hpp"
#include "clients/capture.hpp"
#include "clients/netns.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr milliseconds kExact = 20ms;

using Vanish = PerMpm;

TEST_P(Vanish, ClientThatVanishesEndsUnackedAfterTheIdleTimeout) {
    SKIP_IF(why_no_vanishing_clients());
    Netns netns;
    Httpd httpd(mpm, "KeepAliveTimeout 5s\nFinWaitDrainIdleTimeout 600ms\nFinWaitAckTimeout 1s\n",
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
    EXPECT_EQ(record.fin_wait_2_ms(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, Vanish, testing::ValuesIn(kEachMpm), NameOf());

TEST(VanishedClient, IsGivenUpByTheKernelAfterFinWaitAckTimeout) {
    SKIP_IF(why_no_vanishing_clients());
    Netns netns;
    Httpd httpd(Mpm::event, R"(
        KeepAliveTimeout 5s
        FinWaitDrainIdleTimeout 400ms
        FinWaitAckTimeout 5s
        FinWaitTimeout 5mi
    )",
                {.listen = netns.server_address()});
    Client client = netns.connect(Transport::plain, httpd.port());
    EXPECT_TRUE(client.get("/small").complete);
    netns.vanish();
    // FinWaitTimeout is longer than any test: the kernel's own end comes before.
    ASSERT_EVENTUALLY(httpd.counters().waiting(), 1U);
    EXPECT_THAT(httpd.kernel_sockets(client), HasSubstr("FIN-WAIT-1"));
    EXPECT_TRUE(httpd.records().empty()) << "it is not known yet";
    EXPECT_EQ(httpd.record_of(client).outcome, Outcome::unacked);
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), IsEmpty());
}

TEST(VanishedClient, IsNoticedDuringTheDrainWhenFinWaitAckTimeoutIsShorter) {
    SKIP_IF(why_no_vanishing_clients());
    Netns netns;
    Httpd httpd(Mpm::event, R"(
        KeepAliveTimeout 5s
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
    EXPECT_LT(record.drain_ms(), 30'000U);
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
        netns->hear_nothing();  // what it had acknowledged by now would be a race's
        client.ask("/3m", "Range: bytes=0-99999\r\nConnection: close\r\n");
        EXPECT_EVENTUALLY(httpd.counters().closes(), 1U);
        netns->vanish();
        return client;
    }
    static void expect_unacked_data(const Record& record) {
        EXPECT_EQ(record.outcome, Outcome::unacked);
        EXPECT_EQ(record.state, TcpState::fin_wait_1);
        EXPECT_GT(record.unacked, 1U);
        EXPECT_EQ(record.fin_wait_2_ms(), 0U);
    }
};

TEST_F(VanishedReader, IsGivenUpByTheKernelWhileItWaits) {
    Httpd httpd(Mpm::event,
                roomy("FinWaitDrainIdleTimeout 2s\nFinWaitAckTimeout 6s\nFinWaitTimeout 5mi\n"),
                {.listen = netns->server_address()});
    const Client client = vanish_from(httpd);
    ASSERT_EVENTUALLY(httpd.counters().waiting(), 1U);
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
    EXPECT_LT(record.drain_ms(), 30'000U);
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), IsEmpty());
}

// What the others are spared: it is kept as long as the kernel would go on, some 100 s.
TEST_F(VanishedReader, IsKeptInFinWait1WithoutFinWaitAckTimeout) {
    Httpd httpd(Mpm::event, roomy("FinWaitDrainIdleTimeout 400ms\nFinWaitTimeout 0\n"),
                {.listen = netns->server_address()});
    Client client = vanish_from(httpd);
    ASSERT_EVENTUALLY(httpd.counters().waiting(), 1U);
    EXPECT_THAT(httpd.kernel_sockets(client), HasSubstr("FIN-WAIT-1"));
    EXPECT_TRUE(httpd.records().empty());
    netns->come_back();
    EXPECT_TRUE(client.reply().complete);
    EXPECT_EQ(httpd.record_of(client).outcome, Outcome::cut);
}

// After it has acknowledged our FIN: nothing but a probe can tell it from one that does not close.
struct GoneAfterItsAcknowledgement : PerMpm {
    void SetUp() override {
        SKIP_IF(why_no_vanishing_clients());
        SKIP_IF(why_no_capture());
    }

    // The kernel's own end: it sends RST when its last probe has been left unanswered.
    static std::chrono::nanoseconds fin_wait_2_seen(Capture& capture, const Client& client) {
        const auto fin = capture.next([&](const Segment& segment) {
            return segment.has_fin && segment.destination == client.local_port();
        });
        const auto acknowledged = capture.next(
            [&](const Segment& segment) { return segment.source == client.local_port(); });
        const auto given_up = capture.next([&](const Segment& segment) {
            return segment.has_rst && segment.destination == client.local_port();
        });
        EXPECT_TRUE(fin && acknowledged && given_up);
        return fin && acknowledged && given_up ? given_up->at - acknowledged->at : 0ns;
    }

    static Record end_of(Mpm mpm, const std::string& limits) {
        Netns netns;
        Httpd httpd(mpm, "KeepAliveTimeout 300ms\n" + limits, {.listen = netns.server_address()});
        Capture capture(httpd.port());
        const std::string closer = std::to_string(httpd.closer_pid());
        const auto waited_before = waited_for_a_core(closer);
        Client client = netns.connect(Transport::plain, httpd.port());
        EXPECT_TRUE(client.get("/small").complete);
        EXPECT_EVENTUALLY(httpd.kernel_sockets(client), HasSubstr("FIN-WAIT-2"));
        netns.vanish();
        const Record record = httpd.record_of(client);
        const auto late = milliseconds(record.fin_wait_2_ms()) - fin_wait_2_seen(capture, client);
        const auto yardstick = kExact + waited_for_a_core(closer) - waited_before;
        EXPECT_LE(std::chrono::abs(late), yardstick) << late / 1us << " us late: " << record;
        return record;
    }
};

TEST_P(GoneAfterItsAcknowledgement, HasVanishedAndIsNotStuck) {
    const Record record = end_of(mpm, "FinWaitDrainIdleTimeout 500ms\nFinWaitTimeout 5mi\n");
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.state, TcpState::fin_wait_2);
    EXPECT_EQ(record.outcome, Outcome::vanished) << name_of(record.outcome);
    EXPECT_EQ(record.probe, Probe::silent);
    EXPECT_FALSE(record.is_stuck());
    EXPECT_GE(record.fin_wait_2_ms(), 3000U) << "two probes and more were left unanswered";
}

TEST_P(GoneAfterItsAcknowledgement, IsNoticedDuringALongDrain) {
    const Record record = end_of(
        mpm,
        "FinWaitDrainIdleTimeout 5mi\nFinWaitDrainTimeout 5mi\nFinWaitShortDrainTimeout 5mi\n");
    EXPECT_EQ(record.outcome, Outcome::vanished) << name_of(record.outcome);
    EXPECT_EQ(record.probe, Probe::silent);
}

INSTANTIATE_TEST_SUITE_P(Each, GoneAfterItsAcknowledgement, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
