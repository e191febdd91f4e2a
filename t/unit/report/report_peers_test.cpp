// SPDX-License-Identifier: Apache-2.0
//
// A proxy is to blame, and not those who came through it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/output/httpd_conf.hpp"
#include "report/output/verdict.hpp"
#include "unit/report/report_logs.hpp"

namespace finwait::test {
namespace {

using namespace report;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::uint8_t kProxy = 200;

struct ReportPeers : testing::Test {
    std::vector<Record> closes;

    void well(const std::string& user_agent, std::size_t count, std::uint8_t first_host = 1) {
        for (std::size_t i = 0; i < count; ++i)
            closes.push_back(a_close(user_agent, static_cast<std::uint8_t>(first_host + i % 100)));
    }
    void stuck(const std::string& user_agent, std::size_t count, std::uint8_t host) {
        closes.insert(closes.end(), count, a_stuck_close(user_agent, host));
    }
    [[nodiscard]] std::string log() const { return all_log(closes); }
    static std::vector<std::string> culprits(const std::string& log) {
        std::vector<std::string> names;
        const Report report = analysed(log).report;
        for (const Row* row : report.culprits()) names.push_back(row->name);
        return names;
    }
};

// One of several on one connection, or one that says Via.
TEST_F(ReportPeers, AConnectionOfAProxyIsNobodysWhoseNameIsOnIt) {
    well("Firefox/1", 100);
    stuck("Googlebot/2.1", 40, kProxy);
    for (std::size_t i = 100; i < closes.size(); ++i)
        (i % 2 == 0 ? closes[i].is_shared : closes[i].has_via) = true;
    EXPECT_THAT(culprits(log()), ElementsAre("proxy 192.0.2.200"));
    for (const Row& row : analysed(log()).report.rows) EXPECT_NE(row.name, "Googlebot/2.1");
    Filter of_googlebot;
    of_googlebot.family = "Googlebot/2.1";
    EXPECT_EQ(analysed(log(), of_googlebot).report.all.tally.closes, 0U);
}

TEST_F(ReportPeers, NoAddressOfAUserStandsBesideAProxysName) {
    stuck("Googlebot/2.1", 40, kProxy);
    for (Record& record : closes) {
        record.is_shared = true;
        record.client_address = "203.0.113.9";
    }
    EXPECT_FALSE(analysed(log()).report.rows.at(0).dominant);
}

// Each of its users is a client of its own, and clean elsewhere.
TEST_F(ReportPeers, AProxyIsTheCulpritAndItsUsersAreNot) {
    for (const char* client : {"Firefox/1", "Chrome/1", "Safari/1"}) {
        well(client, 300);
        stuck(client, 20, kProxy);
    }
    const Report report = analysed(log()).report;
    EXPECT_THAT(culprits(log()), ElementsAre("proxy 192.0.2.200"));
    EXPECT_THAT(verdict_of(report), StartsWith("proxy 192.0.2.200 leaves your sockets in "
                                               "FIN_WAIT_2: 100 % of its 60 closes got stuck"));
    Tally sum;
    for (const Row& row : report.rows) {
        sum += row.tally;
        EXPECT_EQ(row.tally.stuck, row.peer ? 60U : 0U) << row.name;
    }
    EXPECT_EQ(sum, report.all.tally);
}

TEST_F(ReportPeers, TwoProxiesDoNotHideEachOther) {
    for (const char* client : {"Firefox/1", "Chrome/1"}) {
        well(client, 100);
        stuck(client, 40, kProxy);
        stuck(client, 30, kProxy + 1);
    }
    EXPECT_THAT(culprits(log()), ElementsAre("proxy 192.0.2.200", "proxy 192.0.2.201"));
}

TEST_F(ReportPeers, AClientThatIsBadEverywhereIsToBlameItself) {
    well("Firefox/1", 300);
    stuck("python/1", 40, kProxy);
    stuck("python/1", 40, 7);
    stuck("perl/1", 40, kProxy);
    stuck("perl/1", 40, 8);
    EXPECT_THAT(culprits(log()), ElementsAre("perl/1", "python/1"));
}

TEST_F(ReportPeers, OneClientIsNoProxy) {
    well("python/1", 300);
    well("Firefox/1", 300);
    stuck("python/1", 60, kProxy);
    EXPECT_THAT(culprits(log()), ElementsAre("python/1"));
}

// What nobody has seen elsewhere cannot be told from its proxy.
TEST_F(ReportPeers, ClientsOfOnePeerAloneAreJudgedThemselves) {
    well("Firefox/1", 300);
    stuck("python/1", 40, kProxy);
    stuck("perl/1", 40, kProxy);
    EXPECT_THAT(culprits(log()), ElementsAre("perl/1", "python/1"));
}

// Of a log of mode stuck nobody knows how many good closes came through a peer.
TEST_F(ReportPeers, AFewStuckClosesAmongManyTalliedAreNoProxy) {
    for (const char* client : {"Firefox/1", "Chrome/1"}) {
        well(client, 2000);
        stuck(client, 20, kProxy);
    }
    EXPECT_THAT(culprits(stuck_log(closes)), ElementsAre());
    EXPECT_THAT(culprits(log()), ElementsAre("proxy 192.0.2.200"));
    for (const char* client : {"Firefox/1", "Chrome/1"}) stuck(client, 200, kProxy);
    EXPECT_THAT(culprits(stuck_log(closes)), ElementsAre("proxy 192.0.2.200"));
}

TEST_F(ReportPeers, AreRowsWhateverTheClientsSayTheyAre) {
    well("Firefox/1", 40, 1);
    for (Record& record : closes) record.client_address = "203.0.113.9";
    const auto rows = analysed(log(), {}, Dimension::peer).report.rows;
    EXPECT_EQ(rows.size(), 40U);
    EXPECT_THAT(rows.at(0).name, StartsWith("192.0.2."));
    EXPECT_EQ(analysed(log(), {}, Dimension::address).report.rows.at(0).name, "203.0.113.9");
}

TEST_F(ReportPeers, OfAProxyTheAdviceIsKeyedOnItsAddress) {
    for (const char* client : {"Firefox/1", "Chrome/1"}) {
        well(client, 300);
        stuck(client, 40, kProxy);
    }
    const auto conf_of = [this](bool anonymize) {
        const Families families;
        Collector collector(families, {}, Dimension::family, anonymize);
        Reading reading;
        LogLines lines(collector, reading);
        feed(lines, log(), "finwait.log");
        return render_httpd_conf(make_report(collector, {kSampleMin, anonymize}), collector);
    };
    EXPECT_THAT(conf_of(false), HasSubstr("SetEnvIfExpr \"%{CONN_REMOTE_ADDR} == '192.0.2.200'\" "
                                          "finwait-idle=1s finwait-timeout=1s\n"));
    EXPECT_THAT(conf_of(false), Not(HasSubstr("BrowserMatch")));
    EXPECT_THAT(conf_of(true), Not(HasSubstr("SetEnvIfExpr")));
}

TEST(Peers, AreBoundedAndTheHeavyOnesStay) {
    Peers peers;
    const Group client;
    Close stuck;
    stuck.state = TcpState::fin_wait_2;
    stuck.drain = Drain::deadline;
    const HashedAddress heavy(Address{1});
    for (std::uint32_t i = 0; i < 50'000; ++i) {
        peers.add(
            HashedAddress(Address{2, static_cast<std::uint8_t>(i >> 16),
                                  static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}),
            client, stuck);
        peers.add(heavy, client, stuck);
    }
    EXPECT_LE(peers.by_address().size(), 16'384U);
    EXPECT_EQ(peers.by_address().at(heavy).stuck, 50'000U);
}

}  // namespace
}  // namespace finwait::test
