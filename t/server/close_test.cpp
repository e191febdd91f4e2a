// SPDX-License-Identifier: Apache-2.0
//
// What a client can do at the close, on each MPM over each transport: one Record each, and the
// Record says what the client did.
#include <gtest/gtest.h>

#include "server/each.hpp"

namespace finwait::test {
namespace {

// Short enough for a test, long enough to tell the limits apart.
constexpr const char* kLimits = R"(
KeepAliveTimeout 200ms
FinWaitDrainIdleTimeout 400ms
FinWaitDrainTimeout 1200ms
FinWaitShortDrainTimeout 1200ms
)";

struct Close : PerMpmAndTransport {
    Httpd httpd{mpm, kLimits};
    Client client = httpd.client(transport);

    // One request, then idle until the server half-closes.
    void SetUp() override { ASSERT_EQ(client.get("/small").body, "hello from httpd\n"); }
    void server_half_closes() { ASSERT_EQ(client.wait_end(5s), End::fin); }
};

TEST_P(Close, WellBehavedClientIsRecordedWithAllItsFields) {
    EXPECT_TRUE(client.get("/small").complete);
    server_half_closes();
    EXPECT_EQ(client.saw_goaway(), is_h2);
    EXPECT_EQ(client.saw_close_notify(), transport != Transport::plain);
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::keepalive_timeout);
    EXPECT_EQ(record.drain, Drain::fin);
    EXPECT_EQ(record.outcome, Outcome::fin);
    EXPECT_EQ(record.state, TcpState::closed);
    EXPECT_EQ(record.requests, 2U);
    EXPECT_EQ(record.user_agent, "t/clients");
    EXPECT_EQ(record.vhost, "localhost");
    EXPECT_EQ(record.http, is_h2 ? HttpVersion::http_2 : HttpVersion::http_1_1);
    EXPECT_EQ(record.tls, transport == Transport::plain ? TlsVersion::none : TlsVersion::tls_1_3);
    EXPECT_EQ(record.mpm, mpm);
    EXPECT_EQ(address_text(record.peer), "127.0.0.1");
    EXPECT_EQ(address_text(record.local), "127.0.0.1");
    EXPECT_EQ(record.local.port, httpd.port(transport));
    EXPECT_NE(record.socket_cookie, 0U);
    EXPECT_LT(record.drain_ms, 150U);
    EXPECT_EQ(record.unacked, 0U);
    const auto age = wall_clock_now() - record.half_close;
    EXPECT_LT(age, 5s);
    EXPECT_GE(age, 0s);
}

TEST_P(Close, NeverClosingClientIsDrainedForTheIdleTimeoutAndFollowedToItsEnd) {
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.state, TcpState::fin_wait_2);
    EXPECT_EQ(record.outcome, Outcome::kernel_timeout);  // FinWaitTimeout, one second
    EXPECT_GE(record.drain_ms, 395U);
    EXPECT_LE(record.drain_ms, 1100U);
    EXPECT_GE(record.fin_wait_2_ms, 1340U);
    EXPECT_LE(record.fin_wait_2_ms, record.drain_ms + 1050);
    EXPECT_EQ(record.drained_bytes, 0U);
}

TEST_P(Close, ClientThatClosesLateIsWaitedFor) {
    server_half_closes();
    const auto half_close = Clock::now();
    ASSERT_FALSE(wait_until(200ms, [] { return false; }));  // the client's own delay
    client.close();
    const auto waited = std::chrono::duration_cast<milliseconds>(Clock::now() - half_close);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::fin);
    EXPECT_EQ(record.outcome, Outcome::fin);
    EXPECT_GE(record.drain_ms + 20, static_cast<std::uint64_t>(waited.count()));
    EXPECT_GT(record.fin_wait_2_ms, 0U);  // from an acknowledgement that may be late
}

TEST_P(Close, ResetAfterTheHalfCloseIsRecordedAsReset) {
    server_half_closes();
    client.reset();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::keepalive_timeout);
    EXPECT_EQ(record.drain, Drain::reset);
    EXPECT_EQ(record.outcome, Outcome::reset);
}

TEST_P(Close, ClientThatKeepsSendingIsCutAtTheTotalLimit) {
    server_half_closes();
    EXPECT_EQ(client.keep_sending(5s), End::reset);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::deadline);
    EXPECT_GE(record.drain_ms, 1195U);
    EXPECT_LE(record.drain_ms, 3000U);
    EXPECT_GT(record.drained_bytes, 1'000'000U);
    EXPECT_TRUE(record.outcome == Outcome::cut || record.outcome == Outcome::reset);
}

TEST_P(Close, ClientThatTricklesIsNotIdleButCutAtTheTotalLimit) {
    server_half_closes();
    client.trickle(100ms, 3s);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::deadline);
    EXPECT_EQ(record.state, TcpState::fin_wait_2);
    EXPECT_GE(record.drain_ms, 1195U);
    EXPECT_LE(record.drain_ms, 3000U);
    EXPECT_GE(record.drained_bytes, 2U);
    EXPECT_LE(record.drained_bytes, record.drain_ms / 100 + 1);
}

TEST_P(Close, ClientThatHalfClosesFirstLeavesNothingToDrain) {
    client.half_close();
    server_half_closes();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::client_gone);
    EXPECT_EQ(record.drain, Drain::none);
    EXPECT_EQ(record.outcome, Outcome::client_first);
    EXPECT_EQ(record.requests, 1U);
}

// Over TLS our close_notify finds nobody and is answered by RST, after the client's FIN.
TEST_P(Close, ClientThatClosesFirstIsRecordedAsFirst) {
    client.half_close();
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::client_gone);
    EXPECT_EQ(record.drain, Drain::none);
    EXPECT_EQ(record.outcome, Outcome::client_first);
    EXPECT_EQ(record.requests, 1U);
}

TEST_P(Close, ResetBeforeTheHalfCloseIsReported) {
    client.reset();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::client_gone);
    EXPECT_EQ(record.drain, Drain::none);
    EXPECT_EQ(record.outcome, Outcome::reset);
    EXPECT_EQ(record.requests, 1U);
}

INSTANTIATE_TEST_SUITE_P(Each, Close,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

// A client that never reads: the reply and our FIN wait in our own send queue.
using NeverReads = PerMpmAndTransport;

TEST_P(NeverReads, EndsUnackedAfterTheIdleTimeout) {
    Httpd httpd(mpm, R"(
        KeepAliveTimeout 200ms
        FinWaitDrainIdleTimeout 500ms
        FinWaitShortDrainTimeout 300ms
        FinWaitAckTimeout 1s
        Alias /part ${dir}/part
        <Directory ${dir}>
            Require all granted
        </Directory>
    )");
    // Too much for the client's buffer, little enough for the server's to take it all at once.
    write_file(httpd.dir() + "/part", std::string(120'000, 'p'));
    Client client = httpd.client(transport, {.receive_buffer = 8192});
    client.ask("/part");
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::keepalive_timeout);
    EXPECT_EQ(record.drain, Drain::idle_timeout);  // not short: more than our FIN is unacknowledged
    EXPECT_EQ(record.state, TcpState::fin_wait_1);
    EXPECT_EQ(record.outcome, Outcome::unacked);
    EXPECT_EQ(record.fin_wait_2_ms, 0U);
    EXPECT_GE(record.drain_ms, 495U);
}

INSTANTIATE_TEST_SUITE_P(Each, NeverReads,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

// The measured trap of stock httpd: event starts the keep-alive clock when the kernel has the
// reply, and its short drain then cuts a slow reader off.
using ReadsSlowly = PerMpm;

TEST_P(ReadsSlowly, GetsTheWholeReplyThoughItAsksAgainMeanwhile) {
    Httpd httpd(mpm, "KeepAliveTimeout 2\n");
    Client client = httpd.client(Transport::plain, {.receive_buffer = 32768});
    client.ask("/3m");
    std::size_t received = 0;
    bool asked_again = false;
    const auto start = Clock::now();
    while (client.end() == End::still_open && received < 3'200'000) {
        // 3 MB in some six seconds: behind KeepAliveTimeout, the short drain and the idle limit.
        const auto due = start + milliseconds(received / 500);
        (void)wait_until(1s, [&] { return Clock::now() >= due; });
        received += client.read_some(25'000, 4s).size();
        if (!asked_again && received > 1'800'000) client.ask("/small"), asked_again = true;
    }
    EXPECT_TRUE(asked_again);
    EXPECT_GE(received, 3'000'000U);  // headers too; prefork answers the second request as well
    EXPECT_EQ(client.end(), End::fin);
    client.close();
    EXPECT_EQ(httpd.record_of(client).drain, Drain::fin);
}

INSTANTIATE_TEST_SUITE_P(Each, ReadsSlowly, testing::ValuesIn(kEachMpm), NameOf());

TEST(Trickle, OfOneByteASecondNeitherExtendsTheTotalLimitNorIsIdle) {
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 1500ms\nFinWaitDrainTimeout 3500ms\n");
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    client.trickle(1s, 5s);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::deadline);
    EXPECT_GE(record.drain_ms, 3495U);
    EXPECT_LE(record.drain_ms, 6000U);
    EXPECT_EQ(record.drained_bytes, 4U);
}

}  // namespace
}  // namespace finwait::test
