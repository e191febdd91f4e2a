// SPDX-License-Identifier: Apache-2.0
//
// Requests and replies that end half-way: the cause says who gave up.
#include <gtest/gtest.h>

#include "server/each.hpp"

namespace finwait::test {
namespace {

// A reply that is too much for every buffer on its way.
struct LargeReply : PerMpmAndTransport {
    Client asking(Httpd& httpd) {
        Client client = httpd.client(transport, {.receive_buffer = 8192});
        client.ask("/10m");
        // More than a handshake has: the reply has begun.
        std::size_t received = 0;
        while (received < 20'000 && client.end() == End::still_open)
            received += client.read_some(20'000 - received).size();
        return client;
    }
};

TEST_P(LargeReply, ThatTheClientResetsIsClientGone) {
    Httpd httpd(mpm);
    Client client = asking(httpd);
    client.reset();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "client_gone");
    EXPECT_EQ(record.outcome, Outcome::reset);
    EXPECT_EQ(record.user_agent, "t/clients");
    EXPECT_EQ(record.vhost, "localhost");
    EXPECT_EQ(record.requests, 1U);
}

// What the client sent before its RST lies unread in front of it.
TEST_P(LargeReply, ThatTheClientResetsBehindUnreadBytesIsClientGone) {
    Httpd httpd(mpm);
    Client client = asking(httpd);
    client.ask("/small");
    client.reset();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "client_gone");
    EXPECT_EQ(record.outcome, Outcome::reset);
    EXPECT_EQ(record.user_agent, "t/clients");
}

TEST_P(LargeReply, ThatIsNeverReadIsRequestTimeout) {
    Httpd httpd(mpm, "Timeout 3\nFinWaitDrainIdleTimeout 300ms\nFinWaitAckTimeout 1s\n");
    Client client = asking(httpd);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "request_timeout");
    EXPECT_EQ(record.user_agent, "t/clients");
}

INSTANTIATE_TEST_SUITE_P(Each, LargeReply,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

// The second request on a connection is begun and never finished.
struct HalfRequest {
    const char* name;
    const char* directives;
    const char* bytes;
};

constexpr HalfRequest kHalfRequests[] = {
    {"Line", "RequestReadTimeout header=0\nTimeout 3", "GET /sma"},
    {"LineWithinKeepAliveTimeout", "RequestReadTimeout header=0\nTimeout 4\nKeepAliveTimeout 3",
     "GET /sma"},
    {"Header", "RequestReadTimeout header=0\nTimeout 3", "GET /small HTTP/1.1\r\nHost: loc"},
    {"HeaderLongerThanKeepAliveTimeout",
     "RequestReadTimeout header=0\nTimeout 4\nKeepAliveTimeout 3",
     "GET /small HTTP/1.1\r\nHost: loc"},
    {"HeaderByModReqtimeout", "RequestReadTimeout header=3", "GET /small HTTP/1.1\r\nHost: loc"},
};

using EachHalfRequest = testing::TestWithParam<std::tuple<Mpm, Transport, HalfRequest>>;
struct SecondRequest : EachHalfRequest {};
struct SecondRequestAtOnce : EachHalfRequest {};  // a suite of its own, to run beside the other

TEST_P(SecondRequest, ThatIsNeverFinishedIsRequestTimeout) {
    const auto& [mpm, transport, half] = GetParam();
    Httpd httpd(mpm, std::string(half.directives) + "\nFinWaitDrainIdleTimeout 300ms\n");
    Client client = httpd.client(transport);
    EXPECT_TRUE(client.get("/small").complete);
    ASSERT_FALSE(wait_until(50ms, [] { return false; }));  // the client's own delay
    client.send(half.bytes);
    EXPECT_EQ(client.wait_end(), End::fin);
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "request_timeout");
    EXPECT_EQ(record.requests, 1U);
}

TEST_P(SecondRequestAtOnce, ThatCameWithTheFirstIsRequestTimeoutToo) {
    const auto& [mpm, transport, half] = GetParam();
    // mod_reqtimeout does not see what mod_ssl has read ahead: there Timeout ends it.
    Httpd httpd(mpm, std::string(half.directives) + "\nTimeout 4\nFinWaitDrainIdleTimeout 300ms\n");
    Client client = httpd.client(transport);
    client.send(std::string("GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n") + half.bytes);
    EXPECT_EQ(client.wait_end(), End::fin);
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "request_timeout");
    EXPECT_EQ(record.requests, 1U);
}

const auto kEachHalfRequest =
    testing::Combine(testing::ValuesIn(kEachMpm), testing::Values(Transport::plain, Transport::tls),
                     testing::ValuesIn(kHalfRequests));
constexpr auto kNameOfHalf = [](const auto& param) {
    return mpm_name(std::get<0>(param.param)) + "_" + transport_name(std::get<1>(param.param)) +
           "_" + std::get<2>(param.param).name;
};
INSTANTIATE_TEST_SUITE_P(Each, SecondRequest, kEachHalfRequest, kNameOfHalf);
INSTANTIATE_TEST_SUITE_P(Each, SecondRequestAtOnce, kEachHalfRequest, kNameOfHalf);

// The same of another user of a proxy's connection.
using OtherUser = PerMpm;

TEST_P(OtherUser, WhoseRequestIsNotReadIsNotToBlame) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 300ms\n");
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small").complete);
    client.send(
        "GET /small HTTP/1.1\r\nHost: localhost\r\nUser-Agent: other/1.0\r\nno header\r\n\r\n");
    EXPECT_EQ(client.reply().status, 400);
    EXPECT_EQ(client.wait_end(), End::fin);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "error");
    EXPECT_TRUE(record.is_shared);
}

INSTANTIATE_TEST_SUITE_P(Each, OtherUser, testing::ValuesIn(kEachMpm), NameOf());

using Body = PerMpmAndTransport;

TEST_P(Body, CutOffByTheClientsFinIsClientGone) {
    Httpd httpd(mpm);
    Client client = httpd.client(transport);
    client.send("POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nab");
    client.half_close();
    EXPECT_EQ(client.wait_end(), End::fin);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "client_gone");
    EXPECT_EQ(record.outcome, Outcome::client_first);
}

// Its kernel answers the reply with RST.
TEST_P(Body, CutOffByTheClientsCloseIsClientGone) {
    Httpd httpd(mpm);
    Client client = httpd.client(transport);
    client.send("POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nab");
    client.close();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "client_gone");
}

TEST_P(Body, ThatIsWholeAndRefusedIsAnError) {
    Httpd httpd(mpm, "Redirect 400 /refused\n");
    Client client = httpd.client(transport);
    client.send("POST /refused HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab");
    EXPECT_EQ(client.reply().status, 400);
    client.close();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "error");
}

TEST_P(Body, WithTwoLengthsIsAnErrorThoughItIsWhole) {
    Httpd httpd(mpm);
    Client client = httpd.client(transport);
    client.send(
        "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n");
    EXPECT_NE(client.reply().status, 0);
    EXPECT_EQ(client.wait_end(), End::fin);
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "error");
    EXPECT_EQ(record.requests, 1U);
}

INSTANTIATE_TEST_SUITE_P(Each, Body,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::Values(Transport::plain, Transport::tls)),
                         NameOf());

// HTTP/2's own flow control: the client reads its socket, and its window stays shut.
struct Stalled {
    const char* name;
    const char* timeouts;
};

constexpr Stalled kStalled[] = {
    {"TimeoutBeforeKeepAliveTimeout", "Timeout 3\nKeepAliveTimeout 5\n"},
    {"TimeoutAfterKeepAliveTimeout", "Timeout 4\nKeepAliveTimeout 3\n"},
};

struct Http2 : testing::TestWithParam<std::tuple<Mpm, Stalled>> {};

TEST_P(Http2, WindowThatIsNeverOpenedIsRequestTimeout) {
    const auto& [mpm, stalled] = GetParam();
    Httpd httpd(mpm, std::string(stalled.timeouts) + "FinWaitDrainIdleTimeout 300ms\n");
    Client client = httpd.client(Transport::h2);
    ASSERT_TRUE(client.speaks_h2());
    // SETTINGS_INITIAL_WINDOW_SIZE 65,535, RFC 9113's default.
    client.send(std::string("\0\0\6\4\0\0\0\0\0\0\4\0\0\xff\xff", 15));
    client.ask("/3m");
    EXPECT_EQ(client.wait_end(), End::fin);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "request_timeout");
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.requests, 1U);
    EXPECT_EQ(record.user_agent, "t/clients");
}

TEST_P(Http2, IdleAfterItsReplyIsKeepAliveTimeout) {
    const auto& [mpm, stalled] = GetParam();
    Httpd httpd(mpm, std::string(stalled.timeouts) + "FinWaitDrainIdleTimeout 300ms\n");
    Client client = httpd.client(Transport::h2);
    EXPECT_TRUE(client.get("/3m").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
    client.close();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "keepalive_timeout");
}

TEST_P(Http2, RequestIsCountedWhenItHasBeenRead) {
    const auto& [mpm, stalled] = GetParam();
    Httpd httpd(mpm, stalled.timeouts);
    for (int i = 0; i < 30; ++i) {
        Client client = httpd.client(Transport::h2);
        EXPECT_TRUE(client.get("/small").complete);
        EXPECT_TRUE(client.get("/small").complete);
        client.half_close();
        client.close();
        const Record record = httpd.record_of(client);
        EXPECT_EQ(record.requests, 2U);
        EXPECT_EQ(name_of(record.cause), "client_gone");
    }
}

INSTANTIATE_TEST_SUITE_P(Each, Http2,
                         testing::Combine(testing::Values(Mpm::event, Mpm::worker),
                                          testing::ValuesIn(kStalled)),
                         [](const auto& param) {
                             return mpm_name(std::get<0>(param.param)) + "_" +
                                    std::get<1>(param.param).name;
                         });

// A file that is not mapped counts as nothing in memory: event may then leave it to its own thread.
// What the reply said of the connection does not matter.
TEST(CauseOnEvent, ReplyOfAnUnmappedFileThatIsNeverReadIsRequestTimeout) {
    for (const Transport transport : {Transport::plain, Transport::tls}) {
        Httpd httpd(
            Mpm::event,
            "Timeout 3\nEnableMMAP Off\nFinWaitDrainIdleTimeout 300ms\nFinWaitAckTimeout 1s\n");
        Client client = httpd.client(transport, {.receive_buffer = 8192});
        client.ask("/10m", "Connection: close\r\n");
        const Record record = httpd.record_of(client);
        EXPECT_EQ(name_of(record.cause), "request_timeout");
        EXPECT_EQ(record.user_agent, "t/clients");
        EXPECT_EQ(record.requests, 1U);
    }
}

}  // namespace
}  // namespace finwait::test
