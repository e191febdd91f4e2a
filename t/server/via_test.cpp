// SPDX-License-Identifier: Apache-2.0
//
// A client that sends Via though it is no proxy: it is taken at its word, and its address is named.
#include "server/status.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kClients = 32;  // more than finwait-report's smallest sample
constexpr char kAddress[] = "127.0.9.1";

struct Via : PerMpm {
    Httpd httpd{mpm, std::string(kStatusLocation) + R"(
        KeepAliveTimeout 1s
        MaxRequestWorkers 64
        FinWaitShortDrainTimeout 300ms
        FinWaitTimeout 20s
        FinWaitAuto On min=20
    )"};
    std::vector<Client> clients;

    void come(const std::string& user_agent, const std::string& headers) {
        for (std::size_t i = 0; i < kClients; ++i) {
            clients.push_back(
                httpd.client(Transport::plain, {.user_agent = user_agent, .source = kAddress}));
            EXPECT_TRUE(clients.back().get("/small", headers).complete);
        }
        EXPECT_EVENTUALLY(httpd.counters().waiting(), kClients);
    }
    // Too late not to have been stuck.
    void leave() {
        clients.clear();
        EXPECT_EVENTUALLY(httpd.counters().held(), 0U);
    }
};

TEST_P(Via, OfAClientMakesItItsAddress) {
    come("bot/1.0", "Via: 1.1 me\r\n");
    // The closer tells of them once a second.
    ASSERT_EVENTUALLY(Json(answered(httpd, "?json").body).size("/oldest"), 10);
    Json seen(answered(httpd, "?json").body);
    EXPECT_EQ(seen.account("bot/1.0"), "");
    ASSERT_GE(seen.size("/accounts"), 1);
    EXPECT_EQ(seen.text("/accounts/0/proxy"), kAddress);
    EXPECT_EQ(seen.text("/accounts/0/user_agent"), "");
    EXPECT_EQ(seen.number("/accounts/0/now/fin_wait_2"), kClients);
    EXPECT_EQ(seen.text("/oldest/0/proxy"), kAddress);
    EXPECT_EQ(seen.number("/sockets/of_proxies/fin_wait_2"), kClients);
    const std::string metrics = answered(httpd, "?metrics").body;
    EXPECT_THAT(metrics, HasSubstr("finwait_proxy_sockets{state=\"fin_wait_2\"} 32\n"));
    EXPECT_THAT(metrics, Not(HasSubstr(kAddress)));
    // Those that asked before may still be closing.
    EXPECT_EVENTUALLY(answered(httpd).body,
                      HasSubstr("<bdi>proxy 127.0.9.1</bdi></b> holds 32 of 32"));

    // It is no evidence: the same without Via is remedied, and it alone.
    leave();
    come("idle/1.0", "");
    leave();
    EXPECT_EVENTUALLY(Json(answered(httpd, "?json").body).size("/remedies"), 1);
    Json remedied(answered(httpd, "?json").body);
    EXPECT_EQ(remedied.text("/remedies/0/user_agent"), "idle/1.0");

    const Finished report =
        run({Suite::build_dir() + "/finwait-report", httpd.dir() + "/finwait.log"});
    EXPECT_THAT(report.output, HasSubstr("proxy 127.0.9.1"));
    EXPECT_THAT(report.output, Not(HasSubstr("bot/1.0")));
}

INSTANTIATE_TEST_SUITE_P(Each, Via, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
