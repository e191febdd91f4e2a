// SPDX-License-Identifier: Apache-2.0
//
// What clients do after the drain, while their socket waits for them: the Record knows, to the
// millisecond.
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
    FinWaitTimeout 5mi
)";

struct Wait : PerMpmAndTransport {
    Httpd httpd{mpm, kLimits};
    Client client = httpd.client(transport);
    Clock::time_point asked;
    std::string closer = std::to_string(httpd.closer_pid());

    // The drain is over, the client has not closed.
    void SetUp() override {
        asked = Clock::now();
        ASSERT_TRUE(client.get("/small").complete);
        ASSERT_EQ(client.wait_end(), End::fin);
        ASSERT_EVENTUALLY(httpd.counters().waiting(), 1U);
        EXPECT_TRUE(httpd.records().empty());
    }
};

// What the client itself measured from its end of our FIN's arrival: no less, but for an
// acknowledgement that was delayed, 40 ms, and the closer's wait for a core to see it. The upper
// bound is for a machine that is busy; `make bench` has the exact figure.
void expect_time(const Record& record, const std::string& closer, milliseconds at_least,
                 Clock::duration at_most) {
    const milliseconds time(record.fin_wait_2_ms());
    EXPECT_GE(time + 60ms + waited_for_a_core(closer), at_least) << record;
    EXPECT_LE(time, at_most + 20ms) << record;
}

TEST_P(Wait, AClientThatClosesAfterTheDrainWasLate) {
    client.close();
    const auto closed = Clock::now();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.outcome, Outcome::late_fin);
    expect_time(record, closer, 200ms, Clock::now() - asked);
    EXPECT_GT(closed - asked, 200ms);
}

TEST_P(Wait, AClientThatResetsAfterTheDrainDidSo) {
    client.reset();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.outcome, Outcome::reset);
    expect_time(record, closer, 200ms, Clock::now() - asked);
}

TEST_P(Wait, AGracefulRestartGoesOn) {
    httpd.graceful();
    EXPECT_EQ(httpd.counters().waiting(), 1U);
    client.close();
    EXPECT_EQ(httpd.record_of(client).outcome, Outcome::late_fin);
}

TEST_P(Wait, AStopWritesTheRecordAtOnce) {
    httpd.stop();
    EXPECT_EQ(httpd.record_of(client).outcome, Outcome::unknown);
    EXPECT_EVENTUALLY(httpd.counters().waiting(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, Wait,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

struct WaitToTheEnd : PerMpmAndTransport {};

TEST_P(WaitToTheEnd, AClientThatNeverClosesIsGivenUpAtFinWaitTimeout) {
    Httpd httpd(mpm, "KeepAliveTimeout 200ms\nFinWaitDrainIdleTimeout 200ms\nFinWaitTimeout 3s\n");
    const auto asked = Clock::now();
    Client client = httpd.client(transport);
    ASSERT_TRUE(client.get("/small").complete);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.outcome, Outcome::timeout);
    EXPECT_EQ(record.probe, Probe::answered) << name_of(record.probe);
    expect_time(record, std::to_string(httpd.closer_pid()), 3200ms, Clock::now() - asked);
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Each, WaitToTheEnd,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

TEST(Waiting, SocketsOfAKilledCloserAreLost) {
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 200ms\nFinWaitTimeout 5mi\n");
    httpd.expect_error("the closer died");
    const pid_t first = httpd.closer_pid();
    const auto crowd = crowd_that_never_closes(httpd.port(), 30);
    ASSERT_EVENTUALLY(httpd.counters().waiting(), 30U);
    kill(first, SIGKILL);
    ASSERT_TRUE(httpd.wait_settled()) << httpd.counters().text();
    EXPECT_EQ(read(httpd.counters().closer().lost), 30U);
    EXPECT_EQ(httpd.counters().waiting(), 0U);
}

TEST(Waiting, AnswersDataWithAResetAtOnce) {
    Httpd httpd(Mpm::event, kLimits);
    Client client = httpd.client(Transport::plain);
    ASSERT_TRUE(client.get("/small").complete);
    ASSERT_EVENTUALLY(httpd.counters().waiting(), 1U);
    client.ask("/small");
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.outcome, Outcome::reset);
}

TEST(Waiting, BeyondFinWaitMaxHeldTheLongestIsGivenUpFirst) {
    Httpd httpd(Mpm::event,
                "FinWaitDrainIdleTimeout 200ms\nFinWaitTimeout 5mi\nFinWaitMaxHeld 10\n");
    const auto first = crowd_that_never_closes(httpd.port(), 10);
    ASSERT_EVENTUALLY(httpd.counters().waiting(), 10U);
    const auto second = crowd_that_never_closes(httpd.port(), 4);
    ASSERT_EVENTUALLY(httpd.records().size(), 4U);
    for (const Record& record : httpd.records()) {
        EXPECT_EQ(record.outcome, Outcome::unknown);
        EXPECT_EQ(record.drain, Drain::idle_timeout) << "stuck: its evidence stays";
    }
    EXPECT_EQ(read(httpd.counters().closer().shed), 4U);
    httpd.stop();  // httpd reads what the closer has to say every ten seconds, and at its end
    EXPECT_NE(httpd.error_log().find("FinWaitMaxHeld"), std::string::npos);
}

TEST(Waiting, OnIPv6AndOnIPv4ThroughAnIPv6Listener) {
    SKIP_IF(why_no_ipv6());
    const std::uint16_t port = free_ports().plain;
    Httpd httpd(Mpm::event,
                "FinWaitDrainIdleTimeout 200ms\nListen [::]:" + std::to_string(port) + "\n");
    for (const char* address : {"127.0.0.2", "::1"}) {
        Client client(Transport::plain, port, {.address = address});
        ASSERT_TRUE(client.get("/small", "Connection: close\r\n").complete);
        const Record record = httpd.record_of(client);
        EXPECT_EQ(address_text(record.local), address);
        EXPECT_EQ(record.outcome, Outcome::timeout) << name_of(record.outcome);
    }
}

TEST(Waiting, AnAcknowledgementThatComesAfterTheDrainBeginsFinWait2) {
    SKIP_IF(why_no_vanishing_clients());
    Netns netns;
    Httpd httpd(Mpm::event,
                "KeepAliveTimeout 3s\nFinWaitDrainIdleTimeout 500ms\nFinWaitTimeout 10s\n",
                {.listen = netns.server_address()});
    Client client = netns.connect(Transport::plain, httpd.port());
    EXPECT_TRUE(client.get("/small").complete);
    netns.vanish();
    ASSERT_EVENTUALLY(httpd.counters().waiting(), 1U);
    netns.come_back();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.state, TcpState::fin_wait_1) << "when the drain ended";
    EXPECT_EQ(record.outcome, Outcome::timeout) << name_of(record.outcome);
    EXPECT_GE(record.fin_wait_2_ms(), 10'000U);
}

}  // namespace
}  // namespace finwait::test
