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

INSTANTIATE_TEST_SUITE_P(Each, CausePerMpm, testing::ValuesIn(kEachMpm), NameOf());

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
