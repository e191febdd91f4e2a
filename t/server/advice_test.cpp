// SPDX-License-Identifier: Apache-2.0
//
// What finwait-report advises, loaded into httpd, works: the same clients come again, and their
// FIN_WAIT_2 is gone, or a fifth of what it was at most.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/httpd.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t kClients = 32;  // more than finwait-report's smallest sample

// All other times are the defaults: what is stuck is so for 17 seconds.
constexpr char kTimes[] = "KeepAliveTimeout 1s\nFinWaitTimeout 15s\n";
constexpr char kForTheProxy[] =
    "SetEnvIfExpr \"%{CONN_REMOTE_ADDR} == '127.0.7.7'\" finwait-idle=1s finwait-timeout=1s\n";
constexpr char kLessPatience[] = "finwait-idle=1s finwait-timeout=1s\n";

// Those that leave their connections idle, and the honest ones that come from elsewhere.
struct Visitors {
    std::vector<std::string> idle;  // in turn
    std::vector<std::string> honest{"honest/1.0"};
    Transport transport = Transport::plain;
    int requests = 1;
    std::string headers = {};
    std::string source = {};
    bool close_when_told = true;  // also who forgets idle connections
};

struct Visit {
    std::string advice;
    std::uint64_t fin_wait_2_ms = 0;
};

void come_honestly(Httpd& httpd, const Visitors& visitors) {
    for (const std::string& user_agent : visitors.honest)
        for (std::size_t i = 0; i < kClients; ++i) {
            Client honest = httpd.client(Transport::plain, {.user_agent = user_agent});
            EXPECT_TRUE(honest.get("/small").complete);
            honest.close();
        }
}

Visit visit(const Visitors& visitors, const std::string& advice = {}) {
    Httpd httpd(Mpm::event, kTimes + advice);
    std::vector<Client> idle;
    for (std::size_t i = 0; i < kClients; ++i) {
        const std::string& user_agent = visitors.idle[i % visitors.idle.size()];
        idle.push_back(httpd.client(visitors.transport,
                                    {.user_agent = user_agent, .source = visitors.source}));
        Reply reply;
        for (int n = 0; n < visitors.requests; ++n)
            reply = idle.back().get("/small", visitors.headers);
        EXPECT_TRUE(reply.complete);
        if (visitors.close_when_told &&
            reply.headers.find("\r\nConnection: close") != std::string::npos)
            idle.back().close();
    }
    come_honestly(httpd, visitors);
    EXPECT_EVENTUALLY(httpd.records().size(), kClients * (1 + visitors.honest.size()));
    const Finished conf =
        run({Suite::build_dir() + "/finwait-report", "--httpd-conf", httpd.dir() + "/finwait.log"});
    EXPECT_EQ(conf.exit_code, 0) << conf.output;
    Visit visit{conf.output};
    for (const Record& record : httpd.records()) visit.fin_wait_2_ms += record.fin_wait_2_ms();
    return visit;
}

void expect_it_works(const Visitors& visitors, const std::string& line) {
    const Visit before = visit(visitors);
    EXPECT_THAT(before.advice, HasSubstr("    " + line));
    EXPECT_GE(before.fin_wait_2_ms, kClients * 16'000);
    const Visit after = visit(visitors, before.advice);
    EXPECT_LE(after.fin_wait_2_ms, before.fin_wait_2_ms / 5) << before.advice;
    testing::Test::RecordProperty("before_ms", std::to_string(before.fin_wait_2_ms));
    testing::Test::RecordProperty("after_ms", std::to_string(after.fin_wait_2_ms));
}

TEST(Advice, ForWhoLeavesItIdleIsNoKeepAlive) {
    expect_it_works({.idle = {"stays/1.0"}}, "BrowserMatch \"^stays/1\\.0\\b\" nokeepalive\n");
}

TEST(Advice, ForHttp2IsLessPatience) {
    expect_it_works({.idle = {"stays/1.0"}, .transport = Transport::h2},
                    std::string("BrowserMatch \"^stays/1\\.0\\b\" ") + kLessPatience);
}

TEST(Advice, ForWhoUsesKeepAliveIsLessPatience) {
    expect_it_works({.idle = {"stays/1.0"}, .requests = 3},
                    std::string("BrowserMatch \"^stays/1\\.0\\b\" ") + kLessPatience);
}

TEST(Advice, ForWhoDoesNotCloseAfterItsLastReplyIsLessPatience) {
    expect_it_works(
        {.idle = {"stays/1.0"}, .headers = "Connection: close\r\n", .close_when_told = false},
        std::string("BrowserMatch \"^stays/1\\.0\\b\" ") + kLessPatience);
}

// A connection for each of its users, who are clean elsewhere.
TEST(Advice, ForAProxyIsLessPatienceWithItAlone) {
    expect_it_works({.idle = {"Firefox/145.0", "Chrome/143.0"},
                     .honest = {"Firefox/145.0", "Chrome/143.0"},
                     .source = "127.0.7.7"},
                    kForTheProxy);
}

TEST(Advice, ForRequestsWithViaIsLessPatienceWithTheirProxy) {
    expect_it_works(
        {.idle = {"Firefox/145.0"}, .headers = "Via: 1.1 proxy\r\n", .source = "127.0.7.7"},
        kForTheProxy);
}

}  // namespace
}  // namespace finwait::test
