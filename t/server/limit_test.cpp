// SPDX-License-Identifier: Apache-2.0
//
// The limits of a Policy, each where only it can end the drain.
#include <gtest/gtest.h>
#include <signal.h>

#include "clients/crowd.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::AllOf;
using testing::Gt;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::Optional;

constexpr const char* kClose = "Connection: close\r\n";

Client answered_and_asked_to_close(Httpd& httpd) {
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", kClose).complete);
    EXPECT_EQ(client.wait_end(), End::fin);
    return client;
}

TEST(Limit, TotalTimeEndsADrainThatIsNeverIdle) {
    Httpd httpd(Mpm::event, "FinWaitDrainTimeout 700ms\nFinWaitShortDrainTimeout 100ms\n");
    Client client = answered_and_asked_to_close(httpd);
    client.trickle(50ms);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::client_asked);
    EXPECT_EQ(record.drain, Drain::deadline);
    expect_drained_for(record, 700ms);
}

TEST(Limit, TotalTimeIsCheckedWithoutAnyByte) {
    Httpd httpd(Mpm::event, "FinWaitDrainTimeout 300ms\nFinWaitDrainIdleTimeout 20s\n");
    const Client client = answered_and_asked_to_close(httpd);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::deadline);
    expect_drained_for(record, 300ms);
}

using ShortDrain = PerMpm;

TEST_P(ShortDrain, IsDueAfterKeepAliveTimeout) {
    Httpd httpd(mpm, R"(
        KeepAliveTimeout 200ms
        FinWaitShortDrainTimeout 300ms
        FinWaitDrainIdleTimeout 20s
    )");
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small").complete);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::keepalive_timeout);
    EXPECT_EQ(record.drain, Drain::deadline);
    expect_drained_for(record, 300ms);
}

struct AfterARequestTimeout : PerMpm {
    Httpd httpd{mpm, R"(
        RequestReadTimeout header=1
        FinWaitShortDrainTimeout 300ms
        FinWaitDrainIdleTimeout 20s
    )"};
    Client client = httpd.client();

    void expect_short_drain() {
        const Record record = httpd.record_of(client);
        EXPECT_EQ(record.cause, Cause::request_timeout);
        EXPECT_EQ(record.drain, Drain::deadline);
        expect_drained_for(record, 300ms);
    }
};

TEST_P(AfterARequestTimeout, ShortDrainIsDue) {
    client.send("GET /small HTT");
    expect_short_drain();
}

// The 408 leaves with our FIN, and is not acknowledged yet when the time of the drain is decided.
TEST_P(AfterARequestTimeout, ShortDrainIsDueWithAReply) {
    client.send("GET /small HTTP/1.1\r\nHost: loc");
    EXPECT_EQ(client.reply().status, 408);
    expect_short_drain();
}

INSTANTIATE_TEST_SUITE_P(Each, AfterARequestTimeout, testing::ValuesIn(kEachMpm), NameOf());

INSTANTIATE_TEST_SUITE_P(Each, ShortDrain, testing::ValuesIn(kEachMpm), NameOf());

TEST(Limit, BytesBeyondTheLimitAreAnsweredWithReset) {
    Httpd httpd(Mpm::event, "FinWaitDrainLimit 64k\nFinWaitDrainTimeout 60s\n");
    Client client = answered_and_asked_to_close(httpd);
    EXPECT_EQ(client.keep_sending(), End::reset);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::byte_limit);
    EXPECT_EQ(record.outcome, Outcome::cut);
    EXPECT_GE(record.drained_bytes, 65536U);
    EXPECT_LT(record.drain_ms(), 30'000U);
}

TEST(Limit, BytesUpToTheLimitAreDrained) {
    Httpd httpd(Mpm::event, "FinWaitDrainLimit 64k\n");
    Client client = answered_and_asked_to_close(httpd);
    EXPECT_TRUE(client.send_raw(std::string(60'000, 'x')));
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::fin);
    EXPECT_EQ(record.drained_bytes, 60'000U);
}

TEST(Limit, FinWaitTimeoutBoundsFinWait2AfterTheDrain) {
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 200ms\nFinWaitTimeout 5s\n");
    const Client client = answered_and_asked_to_close(httpd);
    ASSERT_EVENTUALLY(httpd.counters().waiting(), 1U);
    EXPECT_THAT(httpd.kernel_sockets(client), HasSubstr("FIN-WAIT-2"));
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.outcome, Outcome::timeout);
    EXPECT_GE(record.fin_wait_2_ms(), 5000U);
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), IsEmpty());
}

// If the closer dies the kernel alone is left, and it knows the time, in its seconds.
TEST(Limit, FinWaitTimeoutHoldsAlsoWithoutTheCloser) {
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 200ms\nFinWaitTimeout 60s\n");
    httpd.expect_error("the closer died");
    const Client client = answered_and_asked_to_close(httpd);
    ASSERT_EVENTUALLY(httpd.counters().waiting(), 1U);
    kill(httpd.closer_pid(), SIGKILL);
    ASSERT_EVENTUALLY(httpd.kernel_sockets(client), HasSubstr("timer:(timewait,"));
    EXPECT_THAT(httpd.kernel_timer(client), Optional(AllOf(Le(60s), Gt(20s))));
    ASSERT_TRUE(httpd.wait_settled());
}

TEST(Limit, FinWaitTimeoutOfTheKernelIsTcpFinTimeout) {
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 200ms\nFinWaitTimeout kernel\n");
    httpd.expect_error("the closer died");
    const Client client = answered_and_asked_to_close(httpd);
    ASSERT_EVENTUALLY(httpd.counters().waiting(), 1U);
    kill(httpd.closer_pid(), SIGKILL);
    ASSERT_EVENTUALLY(httpd.kernel_sockets(client), HasSubstr("timer:(timewait,"));
    const std::chrono::seconds kernel(std::stoi(read_file("/proc/sys/net/ipv4/tcp_fin_timeout")));
    EXPECT_THAT(httpd.kernel_timer(client), Optional(AllOf(Le(kernel), Gt(kernel / 2))));
    ASSERT_TRUE(httpd.wait_settled());
}

// Nobody is there any more who could say whose it is.
TEST(Limit, WhatIsGivenUpAtAStopTheKernelForgetsInASecond) {
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 200ms\nFinWaitTimeout 1h\n");
    const Client client = answered_and_asked_to_close(httpd);
    ASSERT_EVENTUALLY(httpd.counters().waiting(), 1U);
    httpd.stop();  // which waits for nobody who has been drained
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.outcome, Outcome::unknown);
    EXPECT_THAT(httpd.kernel_timer(client).value_or(0s), Le(2s));
}

TEST(Limit, FinWaitTimeoutZeroResetsAfterTheDrain) {
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 200ms\nFinWaitTimeout 0\n");
    Client client = answered_and_asked_to_close(httpd);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.outcome, Outcome::cut);
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), IsEmpty());
    EXPECT_EVENTUALLY(client.send_raw("x"), false);  // the RST is here
}

TEST(Limit, SocketsBeyondFinWaitMaxHeldAreShed) {
    Httpd httpd(Mpm::event, R"(
        FinWaitMaxHeld 20
        FinWaitDrainIdleTimeout 60s
        FinWaitDrainTimeout 60s
    )");
    auto crowd = crowd_that_never_closes(httpd.port(), 50);
    ASSERT_EVENTUALLY(read(httpd.counters().closer().shed), 30U);
    // For the last one another has been let go, and it is not held yet.
    EXPECT_EVENTUALLY(httpd.counters().held(), 20U);
    for (Client& client : crowd) client.close();
    ASSERT_TRUE(httpd.wait_settled(50));
    std::size_t shed = 0;
    for (const Record& record : httpd.records())
        if (record.drain == Drain::shed && record.outcome == Outcome::unknown) ++shed;
    EXPECT_EQ(shed, 30U);
}

}  // namespace
}  // namespace finwait::test
