// SPDX-License-Identifier: Apache-2.0
//
// What a client can do at the close, on each MPM over each transport: one Record each, and the
// Record says what the client did.
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "clients/h2.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

// Nothing ends a drain but the client, or the one limit that a test sets after these.
constexpr const char* kPatientDrains = R"(
FinWaitDrainIdleTimeout 60s
FinWaitDrainTimeout 60s
FinWaitShortDrainTimeout 60s
CustomLog ${dir}/requests.log %r
)";

struct Close : PerMpmAndTransport {
    std::optional<Httpd> httpd;
    std::optional<Client> client;

    // One request. On h2 another thread than the connection's logs it, and may come to that after
    // its client has left.
    void begin(const std::string& directives) {
        httpd.emplace(mpm, kPatientDrains + directives);
        client.emplace(httpd->client(transport));
        ASSERT_EQ(client->get("/small").body, "hello from httpd\n");
        const auto logged = [&] { return read_file(httpd->dir() + "/requests.log"); };
        // mod_http2 logs what its stream's end frees, and where the connection has gone to sleep
        // before, that is at the next frame (h2_mplx.c, c1_purge_streams()).
        if (transport == Transport::h2 && !wait_until(2s, [&] { return !logged().empty(); })) {
            client->send(h2::ping());
            client->read_some(h2::ping().size());
        }
        ASSERT_EVENTUALLY(logged(), testing::Not(""));
    }
    void begin_and_be_idle(const std::string& directives = {}) {
        begin("KeepAliveTimeout 200ms\n" + directives);
    }
    void begin_and_be_first() { begin("KeepAliveTimeout 60s\n"); }
    void server_half_closes() { ASSERT_EQ(client->wait_end(), End::fin); }
};

TEST_P(Close, WellBehavedClientIsRecordedWithAllItsFields) {
    begin("KeepAliveTimeout 5s\n");  // time to ask again
    EXPECT_TRUE(client->get("/small").complete);
    server_half_closes();
    EXPECT_EQ(client->saw_goaway(), is_h2);
    EXPECT_EQ(client->saw_close_notify(), transport != Transport::plain);
    client->close();
    const Record record = httpd->record_of(*client);
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
    EXPECT_EQ(record.local.port, httpd->port(transport));
    EXPECT_NE(record.socket_cookie, 0U);
    EXPECT_EQ(record.unacked, 0U);
    EXPECT_GE(record.half_close, client->begun() + 5s);
    EXPECT_LE(record.half_close + milliseconds(record.drain_ms()), wall_clock_now());
}

TEST_P(Close, NeverClosingClientIsDrainedForTheIdleTimeoutAndHeldToItsEnd) {
    begin_and_be_idle("FinWaitDrainIdleTimeout 1s\n");
    const Record record = httpd->record_of(*client);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.state, TcpState::fin_wait_2);
    EXPECT_EQ(record.outcome, Outcome::timeout);  // FinWaitTimeout, one second
    expect_drained_for(record, 1s);
    // Both seconds, but for the time until the closer heard of the acknowledgement.
    EXPECT_GE(record.fin_wait_2_ms(), 1200U);
    EXPECT_LE(record.fin_wait_2_ms(), record.drain_ms() + 9000);
    EXPECT_EQ(record.drained_bytes, 0U);
}

TEST_P(Close, ClientThatClosesLateIsWaitedFor) {
    begin_and_be_idle();
    server_half_closes();
    const auto half_close = Clock::now();
    ASSERT_FALSE(wait_until(700ms, [] { return false; }));  // the client's own delay
    const auto waited = std::chrono::duration_cast<milliseconds>(Clock::now() - half_close);
    client->close();
    const Record record = httpd->record_of(*client);
    EXPECT_EQ(record.drain, Drain::fin);
    EXPECT_EQ(record.outcome, Outcome::fin);
    EXPECT_GE(record.drain_ms() + 1, static_cast<std::uint64_t>(waited.count()));
    // But for the time until the closer heard of the acknowledgement.
    EXPECT_GE(record.fin_wait_2_ms(), 200U);
}

TEST_P(Close, ResetAfterTheHalfCloseIsRecordedAsReset) {
    begin_and_be_idle();
    server_half_closes();
    client->reset();
    const Record record = httpd->record_of(*client);
    EXPECT_EQ(record.cause, Cause::keepalive_timeout);
    EXPECT_EQ(record.drain, Drain::reset);
    EXPECT_EQ(record.outcome, Outcome::reset);
}

TEST_P(Close, ClientThatKeepsSendingIsCutAtTheTotalLimit) {
    begin_and_be_idle("FinWaitDrainTimeout 1200ms\nFinWaitShortDrainTimeout 1200ms\n");
    server_half_closes();
    EXPECT_EQ(client->keep_sending(), End::reset);
    const Record record = httpd->record_of(*client);
    EXPECT_EQ(record.drain, Drain::deadline);
    expect_drained_for(record, 1200ms);
    EXPECT_GT(record.drained_bytes, 1'000'000U);
    EXPECT_EQ(record.outcome, Outcome::reset);
}

// What the client sends reaches the server at once, and the first byte after its close is answered
// by RST: one byte at most is not drained.
TEST_P(Close, ClientThatTricklesIsNotIdleButCutAtTheTotalLimit) {
    begin_and_be_idle(R"(
        FinWaitDrainIdleTimeout 2900ms
        FinWaitDrainTimeout 3s
        FinWaitShortDrainTimeout 3s
    )");
    server_half_closes();
    const std::uint64_t sent = client->trickle(100ms);
    const Record record = httpd->record_of(*client);
    EXPECT_EQ(record.drain, Drain::deadline);
    EXPECT_EQ(record.state, TcpState::fin_wait_2);
    expect_drained_for(record, 3s);
    EXPECT_GE(record.drained_bytes + 1, sent);
    EXPECT_LE(record.drained_bytes, sent);
    EXPECT_GE(sent, 3U);
}

TEST_P(Close, ClientThatHalfClosesFirstLeavesNothingToDrain) {
    begin_and_be_first();
    client->half_close();
    server_half_closes();
    const Record record = httpd->record_of(*client);
    EXPECT_EQ(record.cause, Cause::client_gone);
    EXPECT_EQ(record.drain, Drain::none);
    EXPECT_EQ(record.outcome, Outcome::client_first);
    EXPECT_EQ(record.requests, 1U);
}

// Over TLS our close_notify finds nobody and is answered by RST, after the client's FIN.
TEST_P(Close, ClientThatClosesFirstIsRecordedAsFirst) {
    begin_and_be_first();
    client->half_close();
    client->close();
    const Record record = httpd->record_of(*client);
    EXPECT_EQ(record.cause, Cause::client_gone);
    EXPECT_EQ(record.drain, Drain::none);
    EXPECT_EQ(record.outcome, Outcome::client_first);
    EXPECT_EQ(record.requests, 1U);
}

TEST_P(Close, ResetBeforeTheHalfCloseIsReported) {
    begin_and_be_first();
    client->reset();
    const Record record = httpd->record_of(*client);
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
    EXPECT_EQ(record.fin_wait_2_ms(), 0U);
    EXPECT_GE(record.drain_ms(), 495U);
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
        std::this_thread::sleep_until(due);  // the client's own pace
        received += client.read_some(25'000).size();
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
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 2500ms\nFinWaitDrainTimeout 4500ms\n");
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    const std::uint64_t sent = client.trickle(1s);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, Drain::deadline);
    expect_drained_for(record, 4500ms);
    EXPECT_GE(record.drained_bytes + 1, sent);
    EXPECT_LE(record.drained_bytes, sent);
    EXPECT_GE(sent, 3U);
}

}  // namespace
}  // namespace finwait::test
