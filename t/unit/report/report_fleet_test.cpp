// SPDX-License-Identifier: Apache-2.0
//
// What a fleet's engine is asked, and what is made of its answers. Whether it answers so is tried
// with engines, by t/fleet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finwait/record.hpp"
#include "report/analysis/judge.hpp"
#include "report/fleet/answers.hpp"
#include "report/fleet/questions.hpp"
#include "report/input/clickhouse.hpp"
#include "unit/report/report_logs.hpp"
#include "unit/report/report_program.hpp"
#include "unit/report/status_server.hpp"

namespace finwait::test {
namespace {

using namespace report;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kUrlMax = 16'384;  // 18.16's http_max_uri_size

std::vector<std::string> rows_of(const Filter& filter, Dimension by = Dimension::family) {
    return Questions(filter, by).rows();
}

TEST(FleetQuestions, AskTheSumsByHourWhereTheyKnowTheAnswer) {
    Filter filter;
    filter.since = std::chrono::hours(500'000);
    EXPECT_THAT(rows_of(filter),
                testing::ElementsAre(HasSubstr("FROM finwait.hours WHERE hour >=")));
}

TEST(FleetQuestions, AskRecordsAndTalliesForWhatTheSumsDoNotKnow) {
    const auto asks_both = testing::ElementsAre(HasSubstr("FROM finwait.closes FINAL"),
                                                HasSubstr("FROM finwait.tallies FINAL"));
    Filter half_hour, cause;
    half_hour.since = std::chrono::minutes(30'000'030);
    cause.cause = Cause::client_asked;
    EXPECT_THAT(rows_of(half_hour), asks_both);
    EXPECT_THAT(rows_of(cause), asks_both);
    EXPECT_THAT(rows_of({}, Dimension::address), asks_both);
}

// What counts closes must not count one twice; the others need not be as slow.
TEST(FleetQuestions, MergeDoublesWhereTheyAreCounted) {
    const Filter all;
    const Questions questions(all, Dimension::cause);
    EXPECT_THAT(questions.stuck_addresses(), Each(HasSubstr("closes FINAL PREWHERE stuck = 1")));
    for (const std::string& sql : {questions.address_count(), questions.vhosts().front()})
        EXPECT_THAT(sql, AllOf(HasSubstr("FROM finwait.closes "), Not(HasSubstr("FINAL")))) << sql;
    EXPECT_THAT(questions.summed_through_suspects(),
                HasSubstr("closes FINAL ALL INNER JOIN suspects USING peer_address PREWHERE "
                          "peer_address IN (SELECT peer_address FROM suspects) AND "));
}

TEST(FleetQuestions, FitIntoAUrlWithTheTablesOfAFilter) {
    Filter filter;
    filter.family = "curl";
    filter.cause = Cause::keepalive_timeout;
    filter.outcome = Outcome::client_first;
    filter.network = parse_network("192.0.2.0/24");
    filter.since = filter.until = std::chrono::milliseconds(1'795'219'200'123);
    filter.vhost = std::string(kVhostMax, '\'');
    for (const auto& by : kDimensions)
        for (const std::string& sql : rows_of(filter, by.value))
            EXPECT_LT(url_parameter(sql).size(), kUrlMax - 500) << by.name;
}

TEST(FleetQuestions, KeepWhatUsersWriteInItsQuotes) {
    Filter filter;
    filter.vhost = "x' OR '1\\";
    EXPECT_THAT(rows_of(filter), Each(HasSubstr("lower('x\\' OR \\'1\\\\')")));
    EXPECT_EQ(engine_field("a\tb\\c\n"), "a\\tb\\\\c\\n");
}

TEST(FleetAnswers, AreLinesOfATallyAndMore) {
    TallyLine line;
    line.user_agent = "curl/8.0";
    line.tally.closes = 7;
    std::string text;
    append_tally(text, line);
    text.replace(text.rfind('}'), 2,
                 R"(,"finwait.tally.is_tally":1,"finwait.tally.left_out":3,)"
                 R"("finwait.tally.stuck_cause.error":2,"finwait.cause":"error"})");
    const auto summed = parse_summed(text);
    ASSERT_TRUE(summed);
    EXPECT_EQ(summed->line.tally.closes, 7U);
    EXPECT_TRUE(summed->is_tally);
    EXPECT_EQ(summed->left_out, 3U);
    EXPECT_EQ(summed->stuck_causes.at(static_cast<std::size_t>(Cause::error)), 2U);
    EXPECT_EQ(summed->cause, Cause::error);
    for (const char* other :
         {"", "{}", "Code: 241. DB::Exception: Memory limit", R"({"name":"x"})"})
        EXPECT_FALSE(parse_summed(other)) << other;
}

TEST(FleetRecords, SayWhetherTheyAreAProxysByNumbers) {
    std::string text;
    append_record(text, a_close("curl/8.0"));
    text.erase(text.rfind('}'));
    const auto with = [&](const char* shared) {
        return parse_record(text + ",\"finwait.shared\":" + shared + ",\"finwait.via\":0}");
    };
    ASSERT_TRUE(with("1"));
    EXPECT_TRUE(with("1")->is_shared);
    EXPECT_FALSE(with("0")->is_shared);
    EXPECT_FALSE(with("2"));
    EXPECT_FALSE(with("false"));
}

Summed summed_of(const std::string& user_agent, std::uint64_t closes, std::uint64_t stuck) {
    Summed summed;
    summed.line.user_agent = user_agent;
    summed.line.tally.closes = closes;
    summed.line.tally.stuck = stuck;
    return summed;
}

// At first the engine tells only what judges a peer, and all counts of those to blame.
TEST(FleetPeers, AreJudgedAndThenCountedAnew) {
    const std::string peer = "192.0.2.200";
    const Families families;
    Collector collector(families, {}, Dimension::ua, false);
    for (const char* client : {"Firefox/1", "Chrome/1"}) {
        collector.add(summed_of(client, 320, 20));
        collector.add_through_peer(peer, summed_of(client, 20, 20));
    }
    EXPECT_EQ(peers_to_blame(collector.peers(), kSampleMin).size(), 1U);
    collector.forget_peer(peer);
    EXPECT_TRUE(collector.peers().by_address().empty());
    for (const char* client : {"Firefox/1", "Chrome/1"}) {
        Summed all = summed_of(client, 20, 20);
        all.line.tally.requests = 7;
        collector.add_through_peer(peer, all);
    }
    const Report report = make_report(collector, {});
    const auto proxy =
        std::ranges::find_if(report.rows, [](const Row& row) { return row.peer.has_value(); });
    ASSERT_NE(proxy, report.rows.end());
    EXPECT_EQ(proxy->tally.closes, 40U);
    EXPECT_EQ(proxy->tally.requests, 14U);
}

// What other words and bounds make stale.
TEST(FleetSchema, IsWhatMakeFleetSchemaMakes) {
    const Finished said = run({"python3", "-B", "conf/fleet/clickhouse/make_schema", "--check"});
    EXPECT_EQ(said.exit_code, 0) << said.output;
}

struct Fleet : ReportProgram {};

TEST_F(Fleet, PasswordInAUrlIsRefusedAndNotRepeated) {
    const Answer answer = ask("--clickhouse http://report:secret@127.0.0.1:1");
    EXPECT_EQ(answer.exit_code, 2);
    EXPECT_THAT(answer.err, AllOf(HasSubstr("--password-file"), Not(HasSubstr("secret"))));
}

TEST_F(Fleet, WithoutAnEngineIsOneSentenceAndNoReport) {
    const std::string password = file("password", "secret\n");
    for (const std::string& what :
         {std::string(), std::string("--diff yesterday today"), std::string("show 14b83")}) {
        const Answer answer =
            ask("--clickhouse http://report@127.0.0.1:1 --password-file " + password + " " + what);
        EXPECT_EQ(answer.exit_code, 3) << what;
        EXPECT_EQ(answer.out, "");
        EXPECT_THAT(answer.err, AllOf(HasSubstr("cannot ask 'http://127.0.0.1:1/': "),
                                      Not(HasSubstr("secret"))));
    }
}

// Of an engine that knows of nothing but peers with stuck closes.
TEST_F(Fleet, SaysThatOnlySoManyPeersAreJudged) {
    for (const std::size_t suspects : {kSuspectsMax - 1, kSuspectsMax}) {
        StatusServer engine([&](std::string_view question) {
            std::string lines;
            if (question.find("uniqExact(user_agent) >= 2") == question.npos) return lines;
            for (std::size_t i = 0; i < suspects; ++i)
                lines += "{\"peer_address\":\"10.0." + std::to_string(i / 256) + "." +
                         std::to_string(i % 256) + "\",\"since_ms\":1}\n";
            return lines;
        });
        const Answer answer = ask("--by ua --clickhouse http://report@" + engine.host());
        EXPECT_EQ(answer.exit_code, 0) << answer.err;
        EXPECT_EQ(answer.out.find("only the 1,000 peers") != std::string::npos,
                  suspects == kSuspectsMax)
            << answer.out;
    }
}

TEST_F(Fleet, DoesNotGoWithLogs) {
    for (const char* words :
         {"a.log", "--follow", "--live http://127.0.0.1:1", "--diff a.log b.log"})
        EXPECT_EQ(ask(std::string("--clickhouse http://127.0.0.1:1 ") + words).exit_code, 2)
            << words;
    EXPECT_EQ(ask("--password-file x a.log").exit_code, 2);
    EXPECT_EQ(ask("--clickhouse ftp://127.0.0.1").exit_code, 2);
}

}  // namespace
}  // namespace finwait::test
