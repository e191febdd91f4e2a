// SPDX-License-Identifier: Apache-2.0
//
// What environment variables change for one client, whatever sets them.
#include <gtest/gtest.h>

#include <optional>

#include "server/each.hpp"

namespace finwait::test {
namespace {

constexpr const char* kVariables = R"(
    FinWaitShortDrainTimeout 20s
    FinWaitDrainTimeout 20s
    FinWaitDrainIdleTimeout 20s
    FinWaitTimeout 20s
    FinWaitLog ${dir}/finwait.log

    BrowserMatch ^idle finwait-idle=300ms finwait-timeout=0
    BrowserMatch ^drain finwait-drain=300ms finwait-timeout=0
    BrowserMatch ^kernel finwait-idle=100ms finwait-timeout=2s
    BrowserMatch ^nolog finwait-nolog
    BrowserMatch ^wrong finwait-idle=soon finwait-drain=300ms finwait-timeout=0
    SetEnvIfExpr "%{HTTP_USER_AGENT} =~ /^expr/" finwait-idle=300ms finwait-timeout=0
    <If "%{HTTP_USER_AGENT} =~ /^if/">
        SetEnv finwait-idle 300ms
        SetEnv finwait-timeout 0
    </If>
    SetEnvIfExpr "%{QUERY_STRING} == 'long'" finwait-idle=15s finwait-timeout=0
    SetEnvIfExpr "%{QUERY_STRING} == 'short'" finwait-idle=300ms finwait-timeout=0
)";

struct ClientVariables : PerMpmAndTransport {
    std::optional<Httpd> httpd;

    void start(const std::string& keep_alive_timeout = "200ms") {
        httpd.emplace(mpm, "KeepAliveTimeout " + keep_alive_timeout + kVariables,
                      HttpdOptions{.with_log = false});
    }
    // Of a client that leaves its connection open.
    Record record_of(const std::string& user_agent,
                     std::initializer_list<const char*> paths = {"/small"}) {
        Client client = httpd->client(transport, {.user_agent = user_agent});
        for (const char* path : paths) EXPECT_TRUE(client.get(path).complete);
        return httpd->record_of(client);
    }
    static void expect_after_300ms(const Record& record, Drain drain) {
        EXPECT_EQ(record.drain, drain) << record.user_agent;
        EXPECT_EQ(record.outcome, Outcome::cut) << record.user_agent;
        expect_drained_for(record, 300ms);
    }
};

TEST_P(ClientVariables, ChangeThePolicyWhateverSetsThem) {
    start();
    for (const char* user_agent : {"idle", "expr", "if"})
        expect_after_300ms(record_of(user_agent), Drain::idle_timeout);
    expect_after_300ms(record_of("drain"), Drain::deadline);
    const Record kernel = record_of("kernel");
    EXPECT_EQ(kernel.outcome, Outcome::timeout);
    EXPECT_GE(kernel.fin_wait_2_ms(), 2000U);
    EXPECT_LE(kernel.fin_wait_2_ms(), 12'000U);  // the others have 20 s
}

TEST_P(ClientVariables, AreThoseOfTheLastRequest) {
    start("4s");  // time to ask again
    expect_after_300ms(record_of("any", {"/small?long", "/small?short"}), Drain::idle_timeout);
}

TEST_P(ClientVariables, HideACloseFromEveryLog) {
    start();
    Client client = httpd->client(transport, {.user_agent = "nolog"});
    EXPECT_TRUE(client.get("/small").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
    client.close();
    EXPECT_EVENTUALLY(read(httpd->counters().closer().unlogged), 1U);
    EXPECT_TRUE(httpd->records().empty());
}

TEST_P(ClientVariables, ThatAreWrongAreIgnoredAndToldOnce) {
    start();
    for (int i = 0; i < 2; ++i) expect_after_300ms(record_of("wrong"), Drain::deadline);
    const std::string told =
        "environment variable finwait-idle: 'soon' is not a time from 1ms to 1h";
    ASSERT_EVENTUALLY(httpd->error_log(), testing::HasSubstr(told));
    const std::string log = httpd->error_log();
    const auto first = log.find(told);
    // By each child at most once: prefork may have served the second with another.
    if (mpm != Mpm::prefork) {
        EXPECT_EQ(log.find(told, first + 1), std::string::npos);
    }
}

INSTANTIATE_TEST_SUITE_P(Each, ClientVariables,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

}  // namespace
}  // namespace finwait::test
