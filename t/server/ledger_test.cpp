// SPDX-License-Identifier: Apache-2.0
//
// Logs of mode `stuck` on a whole server: every close is a Record, in a tally, declined or
// unlogged, whatever is evicted, restarted or killed meanwhile.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "server/each.hpp"
#include "server/status.hpp"

namespace finwait::test {
namespace {

constexpr const char* kStuckLog = R"(
    FinWaitDrainIdleTimeout 60s
    BrowserMatch ^keeper finwait-idle=300ms
    FinWaitTimeout 1s
    FinWaitLedgerSize 16
    SetEnvIf User-Agent ^quiet quiet
    FinWaitLog ${dir}/stuck.log stuck env=!quiet
    <VirtualHost *:${plain}>
        ServerName localhost
    </VirtualHost>
    <VirtualHost *:${plain}>
        ServerName off.test
        FinWaitEngine Off
    </VirtualHost>
)";
constexpr std::size_t kUserAgents = 40;  // more than the ledger has room for
constexpr std::size_t kKeepers = 3;
constexpr std::size_t kQuiet = 4;
constexpr std::size_t kDeclined = 2;

std::uint64_t closes_of(const std::vector<TallyLine>& lines) {
    std::uint64_t closes = 0;
    for (const TallyLine& line : lines) closes += line.tally.closes;
    return closes;
}

void one_request(Httpd& httpd, const std::string& user_agent,
                 const std::string& host = "localhost") {
    Client client = httpd.client(Transport::plain, {.user_agent = user_agent, .host = host});
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
}

// Their tally line is written with the stop.
bool wait_ended(const Httpd& httpd, std::uint64_t closes) {
    return wait_until(kPatience, [&] {
        const Counters now = httpd.counters().snapshot();
        return now.closes() >= closes && now.all_ended();
    });
}

// Clients that read the reply and never close.
void add_keepers(Httpd& httpd, std::vector<Client>& keepers) {
    for (std::size_t i = 0; i < kKeepers; ++i) {
        keepers.push_back(httpd.client(Transport::plain, {.user_agent = "keeper/1.0"}));
        EXPECT_TRUE(keepers.back().get("/small", "Connection: close\r\n").complete);
    }
}

void make_closes(Httpd& httpd, std::vector<Client>& keepers) {
    for (std::size_t i = 0; i < 2 * kUserAgents; ++i)
        one_request(httpd, "ua/" + std::to_string(i % kUserAgents));
    for (std::size_t i = 0; i < kQuiet; ++i) one_request(httpd, "quiet");
    for (std::size_t i = 0; i < kDeclined; ++i) one_request(httpd, "declined", "off.test");
    add_keepers(httpd, keepers);
}

struct StuckLog : PerMpm {};

TEST_P(StuckLog, HoldsEveryCloseOnceThroughEvictionsAndAGracefulRestart) {
    Httpd httpd(mpm, kStuckLog, {.with_log = false});
    std::vector<Client> keepers;
    make_closes(httpd, keepers);
    httpd.graceful();
    make_closes(httpd, keepers);
    ASSERT_TRUE(wait_ended(httpd, 2 * (2 * kUserAgents + kQuiet + kDeclined + kKeepers)));
    httpd.stop();
    ASSERT_EVENTUALLY(httpd.counters().settled(), true) << httpd.counters().text();

    const auto records = httpd.records("stuck.log");
    const auto tallies = httpd.tallies("stuck.log");
    const auto& closer = httpd.counters().closer();
    EXPECT_EQ(records.size(), 2 * kKeepers) << httpd.counters();
    for (const Record& record : records) {
        EXPECT_EQ(record.user_agent, "keeper/1.0");
        EXPECT_TRUE(record.is_stuck());
    }
    EXPECT_EQ(closes_of(tallies), read(closer.tallied));
    EXPECT_GE(closes_of(tallies), 4 * kUserAgents);
    EXPECT_EQ(read(closer.unlogged), 2 * kQuiet);
    EXPECT_GT(read(closer.evicted), kUserAgents);
    EXPECT_GE(httpd.counters().declined(), 2 * kDeclined);
    EXPECT_EQ(httpd.counters().closes(), records.size() + closes_of(tallies) +
                                             httpd.counters().declined() + read(closer.unlogged))
        << httpd.counters().text();
    const auto other = std::ranges::find(tallies, kOtherAccount, &TallyLine::vhost);
    ASSERT_NE(other, tallies.end());
    EXPECT_GT(other->tally.closes, 0U);
    EXPECT_LE(tallies.size(), 17U);  // one run of less than a minute: each account once
}

INSTANTIATE_TEST_SUITE_P(Each, StuckLog, testing::ValuesIn(kEachMpm), NameOf());

TEST(Ledger, WhatAKilledCloserHadNotToldIsLostAndNothingElse) {
    Httpd httpd(Mpm::event, kStuckLog, {.with_log = false});
    const auto& closer = httpd.counters().closer();
    for (int i = 0; i < 10; ++i) one_request(httpd, "before");
    ASSERT_EVENTUALLY(httpd.counters().unwritten(), 10U);
    const pid_t killed = httpd.closer_pid();
    ASSERT_EQ(::kill(killed, SIGKILL), 0);
    httpd.expect_error("the closer died");
    ASSERT_EVENTUALLY(read(closer.lost), 10U);
    for (int i = 0; i < 5; ++i) one_request(httpd, "after");
    ASSERT_TRUE(wait_ended(httpd, 15));
    httpd.stop();
    EXPECT_EVENTUALLY(closes_of(httpd.tallies("stuck.log")), 5U);
    EXPECT_EVENTUALLY(read(closer.tallied), 5U);
    EXPECT_NE(
        httpd.error_log().find("left 10 finished closes, perhaps without their line in a log"),
        std::string::npos);
}

TEST(Ledger, HasTotalsOfAsManyVirtualHostsAsItsSizeSays) {
    std::string vhosts;
    const auto name = [](int i) { return "host" + std::to_string(i) + ".test"; };
    for (int i = 0; i < 20; ++i)
        vhosts += "<VirtualHost *:${plain}>\n    ServerName " + name(i) + "\n</VirtualHost>\n";
    Httpd httpd(Mpm::event, std::string("FinWaitLedgerSize 16\n") + kStatusLocation + vhosts);
    for (int i = 0; i < 20; ++i) one_request(httpd, "a", name(i));
    ASSERT_TRUE(httpd.wait_settled(20));
    Json json(answered(httpd, "?json").body);
    EXPECT_EQ(json.size("/vhosts"), 17);
    EXPECT_EQ(json.text("/vhosts/0/name"), "(other)");
    EXPECT_EQ(json.number("/vhosts/0/finished/closes"), 4);
    EXPECT_GT(json.number("/vhosts_left_out"), 0);
}

// One file in two modes is two logs: each virtual host gets what it asked for.
TEST(Ledger, AFileMayBeNamedInBothModes) {
    Httpd httpd(Mpm::event, R"(
        FinWaitLog ${dir}/both.log stuck
        <VirtualHost *:${plain}>
            ServerName localhost
        </VirtualHost>
        <VirtualHost *:${plain}>
            ServerName all.test
            FinWaitLog ${dir}/both.log
        </VirtualHost>
    )",
                {.with_log = false});
    one_request(httpd, "a");
    one_request(httpd, "b", "all.test");
    ASSERT_TRUE(wait_ended(httpd, 2));
    httpd.stop();
    EXPECT_EVENTUALLY(closes_of(httpd.tallies("both.log")), 1U);
    const auto records = httpd.records("both.log");
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].user_agent, "b");
}

}  // namespace
}  // namespace finwait::test
