// SPDX-License-Identifier: Apache-2.0
//
// What finwait-report advises, loaded into httpd, works: the same clients come again, and their
// FIN_WAIT_2 is gone, or a fifth of what it was at most.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "server/httpd.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t kClients = 32;  // more than finwait-report's smallest sample

// All other times are the defaults: what is stuck is so for 17 seconds.
constexpr char kTimes[] = "KeepAliveTimeout 1s\nFinWaitTimeout 15s\n";
constexpr char kForTheProxy[] =
    "SetEnvIfExpr \"%{CONN_REMOTE_ADDR} == '127.0.7.7'\" finwait-idle=1s finwait-timeout=1s\n";
constexpr char kForWhoStays[] =
    "BrowserMatch \"^stays/1\\.0\\b\" finwait-idle=1s finwait-timeout=1s\n";
constexpr char kForWhoStreams[] =
    "BrowserMatch \"^streams/2\\.0\\b\" finwait-idle=1s finwait-timeout=1s\n";

// Those that leave their connections idle, and the honest ones that come from elsewhere.
struct Visitors {
    std::vector<std::string> idle;  // in turn
    std::vector<std::string> honest{"honest/1.0"};
    Transport transport = Transport::plain;
    int requests = 1;
    bool are_pooled = false;  // each connection carries a request of each of them
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

Reply last_reply(Client& client, std::size_t replies) {
    Reply reply;
    for (std::size_t n = 0; n < replies; ++n) {
        reply = client.reply();
        EXPECT_TRUE(reply.complete);
    }
    return reply;
}

Reply ask_for_all(Client& client, const std::vector<std::string>& user_agents) {
    std::string requests;
    for (const std::string& user_agent : user_agents)
        requests +=
            "GET /small HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " + user_agent + "\r\n\r\n";
    client.send(requests);
    return last_reply(client, user_agents.size());
}

Client come_and_stay(Httpd& httpd, const Visitors& visitors, const std::string& user_agent) {
    Client client =
        httpd.client(visitors.transport, {.user_agent = user_agent, .source = visitors.source});
    Reply reply;
    if (visitors.are_pooled) {
        reply = ask_for_all(client, visitors.idle);
    } else {
        client.ask("/small", visitors.headers, visitors.requests);
        reply = last_reply(client, static_cast<std::size_t>(visitors.requests));
    }
    if (visitors.close_when_told &&
        reply.headers.find("\r\nConnection: close") != std::string::npos)
        client.close();
    return client;
}

Visit visit(const std::vector<Visitors>& all, const std::string& advice = {}) {
    Httpd httpd(Mpm::event, kTimes + advice);
    std::vector<Client> idle;
    std::size_t closes = 0;
    for (const Visitors& visitors : all) {
        for (std::size_t i = 0; i < kClients; ++i)
            idle.push_back(come_and_stay(httpd, visitors, visitors.idle[i % visitors.idle.size()]));
        come_honestly(httpd, visitors);
        closes += kClients * (1 + visitors.honest.size());
    }
    EXPECT_EVENTUALLY(httpd.records().size(), closes);
    const Finished conf =
        run({Suite::build_dir() + "/finwait-report", "--httpd-conf", httpd.dir() + "/finwait.log"});
    EXPECT_EQ(conf.exit_code, 0) << conf.output;
    Visit visit{conf.output};
    for (const Record& record : httpd.records()) visit.fin_wait_2_ms += record.fin_wait_2_ms();
    return visit;
}

// Of each kind of visitors the line that it shall get.
void expect_it_works(const std::vector<std::pair<Visitors, std::string>>& kinds) {
    std::vector<Visitors> visitors;
    for (const auto& [kind, line] : kinds) visitors.push_back(kind);
    const Visit before = visit(visitors);
    for (const auto& [kind, line] : kinds) EXPECT_THAT(before.advice, HasSubstr("    " + line));
    EXPECT_GE(before.fin_wait_2_ms, visitors.size() * kClients * 16'000);
    const Visit after = visit(visitors, before.advice);
    EXPECT_LE(after.fin_wait_2_ms, before.fin_wait_2_ms / 5) << before.advice;
    testing::Test::RecordProperty("before_ms", std::to_string(before.fin_wait_2_ms));
    testing::Test::RecordProperty("after_ms", std::to_string(after.fin_wait_2_ms));
}

void expect_it_works(const Visitors& visitors, const std::string& line) {
    expect_it_works({{visitors, line}});
}

TEST(Advice, ForWhoLeavesItIdleIsNoKeepAlive) {
    expect_it_works({.idle = {"stays/1.0"}}, "BrowserMatch \"^stays/1\\.0\\b\" nokeepalive\n");
}

TEST(Advice, ForHttp2IsLessPatience) {
    expect_it_works({.idle = {"stays/1.0"}, .transport = Transport::h2}, kForWhoStays);
}

TEST(Advice, ForWhoUsesKeepAliveIsLessPatience) {
    expect_it_works({.idle = {"stays/1.0"}, .requests = 3}, kForWhoStays);
}

TEST(Advice, ForWhoDoesNotCloseAfterItsLastReplyIsLessPatience) {
    expect_it_works(
        {.idle = {"stays/1.0"}, .headers = "Connection: close\r\n", .close_when_told = false},
        kForWhoStays);
}

// A connection for each of its users, who are clean elsewhere.
TEST(AdviceOnProxies, ForAProxyIsLessPatienceWithItAlone) {
    expect_it_works({.idle = {"Firefox/145.0", "Chrome/143.0"},
                     .honest = {"Firefox/145.0", "Chrome/143.0"},
                     .source = "127.0.7.7"},
                    kForTheProxy);
}

TEST(AdviceOnProxies, ForAPoolOfManyUsersIsLessPatienceWithItsProxy) {
    expect_it_works({.idle = {"Googlebot/2.1", "Firefox/145.0", "Safari/605.1", "Chrome/143.0"},
                     .are_pooled = true,
                     .source = "127.0.7.7"},
                    kForTheProxy);
}

TEST(AdviceOnProxies, ForItAndOthersIsALineForEach) {
    const Visitors pool{
        .idle = {"Firefox/145.0", "Chrome/143.0"}, .are_pooled = true, .source = "127.0.7.7"};
    expect_it_works(
        {{{.idle = {"stays/1.0"}}, "BrowserMatch \"^stays/1\\.0\\b\" nokeepalive\n"},
         {{.idle = {"streams/2.0"}, .honest = {}, .transport = Transport::h2}, kForWhoStreams},
         {pool, kForTheProxy}});
}

TEST(AdviceOnProxies, ForRequestsWithViaIsLessPatienceWithTheirProxy) {
    expect_it_works(
        {.idle = {"Firefox/145.0"}, .headers = "Via: 1.1 proxy\r\n", .source = "127.0.7.7"},
        kForTheProxy);
}

}  // namespace
}  // namespace finwait::test
