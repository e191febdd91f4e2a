// SPDX-License-Identifier: Apache-2.0
//
// Every cause, provoked. That none of them is `other` is checked at the end of every test there is.
#include <gtest/gtest.h>

#include "clients/crowd.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

struct Provocation {
    const char* name;
    Cause cause;
    const char* directives;
    const char* request;  // sent as it stands; "": nothing is sent
};

constexpr Provocation kProvocations[] = {
    {"KeepAliveTimeout", Cause::keepalive_timeout, "KeepAliveTimeout 200ms",
     "GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {"ConnectionClose", Cause::client_asked, "",
     "GET /small HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"},
    {"Http10", Cause::client_asked, "", "GET /small HTTP/1.0\r\n\r\n"},
    {"Http10InAnErrorPage", Cause::client_asked, "", "GET /nothing HTTP/1.0\r\n\r\n"},
    {"ConnectionCloseThroughAnInternalRedirect", Cause::client_asked, "ErrorDocument 404 /small",
     "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"},
    {"MaxKeepAliveRequests", Cause::server_limit, "MaxKeepAliveRequests 1",
     "GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n"
     "GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {"KeepAliveOff", Cause::server_limit, "KeepAlive Off",
     "GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {"NoKeepAlive", Cause::server_limit, "SetEnvIf Request_URI . nokeepalive",
     "GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {"ServerSaysClose", Cause::server_limit, "Header always set Connection close",
     "GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {"BadRequestLine", Cause::error, "", "GET\r\n\r\n"},
    {"NoHost", Cause::error, "", "GET /small HTTP/1.1\r\n\r\n"},
    {"UriTooLong", Cause::error, "LimitRequestLine 60",
     "GET /ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss HTTP/1.1\r\n"
     "Host: localhost\r\n\r\n"},
    {"ServiceUnavailable", Cause::error, "Redirect 503 /busy",
     "GET /busy HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {"InternalServerError", Cause::error, "Redirect 500 /broken",
     "GET /broken HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {"BodyTooLarge", Cause::unread_body, "LimitRequestBody 10",
     "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"},
    {"BodyExpectedAndRefused", Cause::unread_body, "Redirect 403 /closed",
     "POST /closed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
     "Expect: 100-continue\r\n\r\n"},
    {"HeaderNotFinished", Cause::request_timeout, "RequestReadTimeout header=1",
     "GET /small HTTP/1.1\r\nHost: loc"},
    {"HeaderNotFinishedWithinTimeout", Cause::request_timeout,
     "RequestReadTimeout header=0\nTimeout 1", "GET /small HTTP/1.1\r\nHost: loc"},
    {"BodyNotFinished", Cause::request_timeout, "RequestReadTimeout body=1",
     "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nab"},
    // AcceptFilter none: with TCP_DEFER_ACCEPT httpd would not even see the connection.
    {"NotAByte", Cause::no_request, "AcceptFilter http none\nRequestReadTimeout header=1", ""},
    {"NotAByteWithinTimeout", Cause::no_request,
     "AcceptFilter http none\nRequestReadTimeout header=0\nTimeout 1", ""},
};

struct CauseOf : testing::TestWithParam<std::tuple<Mpm, Provocation>> {};

TEST_P(CauseOf, IsRecorded) {
    const auto& [mpm, provocation] = GetParam();
    Httpd httpd(mpm, std::string(provocation.directives) + "\nFinWaitDrainIdleTimeout 300ms\n");
    Client client = httpd.client();
    client.send(provocation.request);
    EXPECT_EQ(client.wait_end(), End::fin);
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), name_of(provocation.cause));
}

INSTANTIATE_TEST_SUITE_P(
    Each, CauseOf, testing::Combine(testing::ValuesIn(kEachMpm), testing::ValuesIn(kProvocations)),
    [](const auto& param) {
        return mpm_name(std::get<0>(param.param)) + "_" + std::get<1>(param.param).name;
    });

using CausePerMpm = PerMpm;

TEST_P(CausePerMpm, ClosedBeforeAByteIsClientGone) {
    Httpd httpd(mpm, "AcceptFilter http none\n");
    Client client = httpd.client();
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "client_gone");
    EXPECT_EQ(record.outcome, Outcome::client_first);
    EXPECT_EQ(record.requests, 0U);
    EXPECT_EQ(record.http, HttpVersion::none);
    EXPECT_EQ(record.user_agent, "");
}

TEST_P(CausePerMpm, GoneInTheMiddleOfARequestIsClientGone) {
    Httpd httpd(mpm);
    Client client = httpd.client();
    client.send("GET /small HTTP/1.1\r\nHost: loc");
    client.close();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "client_gone");
}

TEST_P(CausePerMpm, FinBehindUnreadBytesIsDrainedAndNotReset) {
    Httpd httpd(mpm, "LimitRequestBody 10\n");
    Client client = httpd.client();
    client.send("POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n" +
                std::string(100'000, 'b'));
    client.half_close();
    EXPECT_NE(client.read_to_end().find("413"), std::string::npos);
    EXPECT_EQ(client.end(), End::fin);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "unread_body");
    EXPECT_EQ(record.drain, Drain::fin);
    EXPECT_GT(record.drained_bytes, 0U);
}

TEST_P(CausePerMpm, MalformedRequestIsNotCountedAndHidesNobody) {
    Httpd httpd(mpm);
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small").complete);
    client.send("GET /small HTTP/1.1\r\nHost: localhost\r\nnot a header\r\n\r\n");
    EXPECT_EQ(client.reply().status, 400);
    EXPECT_EQ(client.wait_end(), End::fin);
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "error");
    EXPECT_EQ(record.user_agent, "t/clients");
    EXPECT_EQ(record.requests, 1U);
}

TEST_P(CausePerMpm, BadRequestAccordingToAHandlerIsCounted) {
    Httpd httpd(mpm, "Redirect 400 /refused\n");
    Client client = httpd.client();
    EXPECT_EQ(client.get("/refused").status, 400);
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "error");
    EXPECT_EQ(record.requests, 1U);
}

TEST_P(CausePerMpm, IdleAtAGracefulRestartIsStopping) {
    Httpd httpd(mpm, "KeepAliveTimeout 5\nFinWaitDrainIdleTimeout 300ms\n");
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small").complete);
    httpd.graceful();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "stopping");
}

std::string websockets_to(const Backend& backend) {
    return R"(
        LoadModule proxy_module ${modules}/mod_proxy.so
        LoadModule proxy_http_module ${modules}/mod_proxy_http.so
        LoadModule proxy_wstunnel_module ${modules}/mod_proxy_wstunnel.so
        ProxyPass /ws ws://127.0.0.1:)" +
           std::to_string(backend.port()) + "/\n";
}

constexpr const char* kWebsocket =
    "Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

void use_websocket_until_the_backend_ends_it(Httpd& httpd) {
    Client client = httpd.client();
    EXPECT_EQ(client.get("/ws", kWebsocket).status, 101);
    client.send("bye");
    EXPECT_EQ(client.read_to_end(), "bye");
    client.close();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "tunnel_end");
}

TEST_P(CausePerMpm, WebsocketEndedByTheBackendIsTunnelEnd) {
    Backend backend(Backend::websocket_echo);
    Httpd httpd(mpm, websockets_to(backend));
    use_websocket_until_the_backend_ends_it(httpd);
}

TEST_P(CausePerMpm, WebsocketThatTheClientResetsIsRecordedAsReset) {
    Backend backend(Backend::websocket_echo);
    Httpd httpd(mpm, websockets_to(backend));
    Client client = httpd.client();
    EXPECT_EQ(client.get("/ws", kWebsocket).status, 101);
    client.reset();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "tunnel_end");
    EXPECT_EQ(record.outcome, Outcome::reset);
}

TEST_P(CausePerMpm, WebsocketOfModProxyWstunnelItselfIsTunnelEnd) {
    Backend backend(Backend::websocket_echo);
    Httpd httpd(mpm, "ProxyWebsocketFallbackToProxyHttp Off\n" + websockets_to(backend));
    use_websocket_until_the_backend_ends_it(httpd);
}

TEST_P(CausePerMpm, RefusedUpgradeIsNoTunnel) {
    Backend backend(Backend::refuse_upgrade);
    Httpd httpd(mpm, websockets_to(backend));
    Client client = httpd.client();
    EXPECT_EQ(client.get("/ws", kWebsocket).status, 200);
    client.close();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "client_asked");
}

TEST_P(CausePerMpm, WebsocketWithoutABackendIsNoTunnel) {
    std::string directives;
    {
        Backend backend(Backend::echo);
        directives = websockets_to(backend);
    }
    Httpd httpd(mpm, directives);
    httpd.expect_error("AH00957");  // attempt to connect failed
    httpd.expect_error("AH00959");  // disabling worker
    httpd.expect_error("AH01114");  // failed to make connection to backend
    Client client = httpd.client();
    EXPECT_EQ(client.get("/ws", kWebsocket).status, 503);
    client.close();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "error");
}

TEST_P(CausePerMpm, EndOfAConnectTunnelIsTunnelEnd) {
    Backend backend(Backend::echo);
    const std::string port = std::to_string(backend.port());
    Httpd httpd(mpm, R"(
        LoadModule proxy_module ${modules}/mod_proxy.so
        LoadModule proxy_connect_module ${modules}/mod_proxy_connect.so
        ProxyRequests On
        AllowCONNECT )" + port +
                         "\n");
    Client client = httpd.client();
    client.send("CONNECT 127.0.0.1:" + port + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_NE(client.read_some(1000).find("200"), std::string::npos);
    client.send("bye");
    client.read_to_end();
    client.close();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "tunnel_end");
}

INSTANTIATE_TEST_SUITE_P(Each, CausePerMpm, testing::ValuesIn(kEachMpm), NameOf());

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
    Httpd httpd(mpm, "Timeout 1\nFinWaitDrainIdleTimeout 300ms\nFinWaitAckTimeout 1s\n");
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
    {"Line", "RequestReadTimeout header=0\nTimeout 1", "GET /sma"},
    {"LineWithinKeepAliveTimeout", "RequestReadTimeout header=0\nTimeout 2\nKeepAliveTimeout 1",
     "GET /sma"},
    {"Header", "RequestReadTimeout header=0\nTimeout 1", "GET /small HTTP/1.1\r\nHost: loc"},
    {"HeaderLongerThanKeepAliveTimeout",
     "RequestReadTimeout header=0\nTimeout 2\nKeepAliveTimeout 1",
     "GET /small HTTP/1.1\r\nHost: loc"},
    {"HeaderByModReqtimeout", "RequestReadTimeout header=1", "GET /small HTTP/1.1\r\nHost: loc"},
};

struct SecondRequest : testing::TestWithParam<std::tuple<Mpm, Transport, HalfRequest>> {};

TEST_P(SecondRequest, ThatIsNeverFinishedIsRequestTimeout) {
    const auto& [mpm, transport, half] = GetParam();
    Httpd httpd(mpm, std::string(half.directives) + "\nFinWaitDrainIdleTimeout 300ms\n");
    Client client = httpd.client(transport);
    EXPECT_TRUE(client.get("/small").complete);
    ASSERT_FALSE(wait_until(50ms, [] { return false; }));  // the client's own delay
    client.send(half.bytes);
    EXPECT_EQ(client.wait_end(8s), End::fin);
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "request_timeout");
    EXPECT_EQ(record.requests, 1U);
}

TEST_P(SecondRequest, ThatCameWithTheFirstIsRequestTimeoutToo) {
    const auto& [mpm, transport, half] = GetParam();
    // mod_reqtimeout does not see what mod_ssl has read ahead: there Timeout ends it.
    Httpd httpd(mpm, std::string(half.directives) + "\nTimeout 2\nFinWaitDrainIdleTimeout 300ms\n");
    Client client = httpd.client(transport);
    client.send(std::string("GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n") + half.bytes);
    EXPECT_EQ(client.wait_end(8s), End::fin);
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "request_timeout");
    EXPECT_EQ(record.requests, 1U);
}

INSTANTIATE_TEST_SUITE_P(Each, SecondRequest,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::Values(Transport::plain, Transport::tls),
                                          testing::ValuesIn(kHalfRequests)),
                         [](const auto& param) {
                             return mpm_name(std::get<0>(param.param)) + "_" +
                                    transport_name(std::get<1>(param.param)) + "_" +
                                    std::get<2>(param.param).name;
                         });

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
    {"TimeoutBeforeKeepAliveTimeout", "Timeout 1\nKeepAliveTimeout 3\n"},
    {"TimeoutAfterKeepAliveTimeout", "Timeout 2\nKeepAliveTimeout 1\n"},
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
    EXPECT_EQ(client.wait_end(8s), End::fin);
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
    EXPECT_EQ(client.wait_end(8s), End::fin);
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
            "Timeout 1\nEnableMMAP Off\nFinWaitDrainIdleTimeout 300ms\nFinWaitAckTimeout 1s\n");
        Client client = httpd.client(transport, {.receive_buffer = 8192});
        client.ask("/10m", "Connection: close\r\n");
        const Record record = httpd.record_of(client);
        EXPECT_EQ(name_of(record.cause), "request_timeout");
        EXPECT_EQ(record.user_agent, "t/clients");
        EXPECT_EQ(record.requests, 1U);
    }
}

TEST(CauseOnEvent, IdleWhenNoWorkerIsFreeIsWorkersBusy) {
    Httpd httpd(Mpm::event, R"(
        ServerLimit 1
        ThreadsPerChild 2
        MaxRequestWorkers 2
        KeepAliveTimeout 20
        RequestReadTimeout header=3
        FinWaitDrainIdleTimeout 300ms
        AsyncRequestWorkerFactor 8
    )");
    Client idle = httpd.client();
    EXPECT_TRUE(idle.get("/small").complete);
    // Each of these holds a worker until RequestReadTimeout.
    std::vector<Client> busy;
    for (int i = 0; i < 4; ++i) {
        busy.push_back(httpd.client());
        busy.back().send("GET /small HTTP/1.1\r\nHost: loc");
    }
    EXPECT_EQ(name_of(httpd.record_of(idle).cause), "workers_busy");
}

}  // namespace
}  // namespace finwait::test
