// SPDX-License-Identifier: Apache-2.0
//
// Requests on HTTP/1 that are no good ones: what comes before, behind or in place of them.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "server/field.hpp"

namespace finwait::test {
namespace {

const std::string kGet = "GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n";
const std::string kLastGet = "GET /small HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const std::string kPost = "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab";
constexpr HttpVersion kNone = HttpVersion::none, k11 = HttpVersion::http_1_1;

auto sends(std::string bytes) {
    return [bytes = std::move(bytes)](Client& client) { client.send(bytes); };
}

// Before any reply can have come: it goes on as if nothing had.
auto sends_and_half_closes(std::string bytes) {
    return [bytes = std::move(bytes)](Client& client) {
        client.send(bytes);
        client.half_close();
    };
}

std::string many(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
}

const Fault kFaults[] = {
    {"ReplyBehindAHalfClose", Transport::plain, sends_and_half_closes(kGet), Cause::client_gone, 1,
     k11, Outcome::client_first},
    {"ContinueIsSentAndNoBodyComes", Transport::plain,
     sends("POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n"
           "Expect: 100-continue\r\n\r\n"),
     Cause::request_timeout, 0, k11},
    {"BodyIsCutOffAfterContinue", Transport::plain,
     sends_and_half_closes("POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n"
                           "Expect: 100-continue\r\n\r\n"),
     Cause::client_gone, 1, k11, Outcome::client_first},
    {"BlankLineBehindABody", Transport::plain, sends(kPost + "\r\n"), Cause::keepalive_timeout, 1,
     k11},
    // For httpd a request begins with it, unless it comes before httpd has turned to waiting for
    // one: then it is passed over, as the one above.
    {"BlankLineLater", Transport::plain,
     [](Client& client) {
         EXPECT_EQ(client.get("/small").status, 200);
         client.send("\r\n");
     },
     Cause::request_timeout, 1, k11, Outcome::timeout, true, Cause::keepalive_timeout},
    {"BodyLongerThanItsLength", Transport::plain, sends(kPost + "cdefgh"), Cause::request_timeout,
     1, k11},
    {"BodyOfAGetWithoutLength", Transport::plain, sends(kGet + "{\"query\":{}}"),
     Cause::request_timeout, 1, k11},
    {"RequestsBehindConnectionClose", Transport::plain, sends(kLastGet + many(kGet, 2000)),
     Cause::client_asked, 1, k11},
    // Two programs' race: the client takes the connection out of its pool as it ends.
    {"RequestIntoOurFin", Transport::plain,
     [](Client& client) {
         EXPECT_EQ(client.get("/small").status, 200);
         EXPECT_TRUE(wait_until(kPatience, [&] { return client.has_input(); }));
         client.send(kGet);
     },
     Cause::keepalive_timeout, 1, k11},
    {"ChunksWithoutTheirEnd", Transport::plain,
     sends("POST /small HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
           "3\r\nabc\r\n0\r\n"),
     Cause::request_timeout, 1, k11},
    {"ChunkSizeThatIsNoNumber", Transport::plain,
     sends("POST /small HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
           "zz\r\nabc\r\n0\r\n\r\n"),
     Cause::error, 1, k11},
    {"VersionThatIsNotSpoken", Transport::plain,
     sends("GET /small HTTP/3.0\r\nHost: localhost\r\n\r\n"), Cause::keepalive_timeout, 1, k11},
    {"RequestLineTooLongForASecondRequest", Transport::plain,
     sends(kGet + "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n"),
     Cause::error, 1, k11},
    {"RequestLineWithoutEnd", Transport::plain, sends("GET /" + std::string(300'000, 'a')),
     Cause::error, 0, kNone},
    {"HeaderWithoutEnd", Transport::plain,
     sends("GET /small HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(300'000, 'a')),
     Cause::error, 0, k11},
    {"AnotherProtocolsBanner", Transport::plain, sends("SSH-2.0-Go\r\n"), Cause::error, 0, kNone},
    {"BytesWithoutALine", Transport::plain, sends(std::string("\0\0\0\x85\xffSMBr\0\0", 12)),
     Cause::request_timeout, 0, kNone},
    {"ProxyHeaderThatNobodyExpects", Transport::plain,
     sends("PROXY TCP4 192.0.2.1 192.0.2.2 5 80\r\n" + kGet), Cause::error, 0, kNone},
    {"Http09", Transport::plain, sends("GET /small\r\n"), Cause::client_asked, 1,
     HttpVersion::http_0_9},
    {"HealthCheckThatCloses", Transport::plain, [](Client& client) { client.close(); },
     Cause::client_gone, 0, kNone, Outcome::client_first},
    {"HealthCheckThatResets", Transport::plain, [](Client& client) { client.reset(); },
     Cause::client_gone, 0, kNone, Outcome::reset},
    {"UrgentByteBehindTheReply", Transport::plain,
     [](Client& client) {
         client.send(kLastGet);
         EXPECT_TRUE(wait_until(kPatience, [&] { return client.has_input(); }));
         EXPECT_EQ(::send(client.fd(), "!", 1, MSG_OOB), 1);
     },
     Cause::client_asked, 1, k11},
};

using FieldHttp1 = PerMpm;

TEST_P(FieldHttp1, FaultsAreAsStockAndRecordedAsTheyAre) {
    expect_as_stock_and_recorded(mpm, "", kFaults);
}

INSTANTIATE_TEST_SUITE_P(Each, FieldHttp1, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
