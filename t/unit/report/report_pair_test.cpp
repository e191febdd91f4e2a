// SPDX-License-Identifier: Apache-2.0
//
// An `all` log and a `stuck` log of the same traffic tell the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/report/report_logs.hpp"

namespace finwait::test {
namespace {

using namespace report;

void expect_same(const Row& a, const Row& b) {
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.tally, b.tally) << a.name;  // closes, outcomes, causes, requests, time, histogram
    EXPECT_EQ(a.judgement, b.judgement) << a.name;
    EXPECT_EQ(a.stuck_causes, b.stuck_causes) << a.name;
    EXPECT_EQ(a.quantile_ms(0.5), b.quantile_ms(0.5)) << a.name;
    EXPECT_EQ(a.quantile_ms(0.99), b.quantile_ms(0.99)) << a.name;
    EXPECT_EQ(a.dominant.has_value(), b.dominant.has_value()) << a.name;
}

void expect_same(const Report& a, const Report& b) {
    expect_same(a.all, b.all);
    ASSERT_EQ(a.rows.size(), b.rows.size());
    for (std::size_t i = 0; i < a.rows.size(); ++i) expect_same(a.rows[i], b.rows[i]);
}

struct LogPair : testing::TestWithParam<Dimension> {};

TEST_P(LogPair, OfBothModesGivesTheSameReport) {
    const auto closes = some_closes(20'000);
    const auto all = analysed(all_log(closes), {}, GetParam());
    const auto stuck = analysed(stuck_log(closes), {}, GetParam());
    EXPECT_EQ(all.reading.records, 20'000U);
    EXPECT_LT(stuck.reading.records, 3'000U);
    EXPECT_GT(stuck.reading.tallies, 0U);
    expect_same(all.report, stuck.report);
}

TEST_P(LogPair, GivesTheSameWithAFilterOnTheVirtualHost) {
    const auto closes = some_closes(5'000);
    Filter filter;
    filter.vhost = "api.example.org";
    expect_same(analysed(all_log(closes), filter, GetParam()).report,
                analysed(stuck_log(closes), filter, GetParam()).report);
}

INSTANTIATE_TEST_SUITE_P(By, LogPair,
                         testing::Values(Dimension::family, Dimension::ua, Dimension::vhost,
                                         Dimension::hour),
                         [](const auto& by) { return std::string(name_of(by.param)); });

TEST(LogPairTotals, AreTheSameByAnyDimension) {
    const auto closes = some_closes(5'000);
    for (const auto& dimension : kDimensions)
        expect_same(analysed(all_log(closes), {}, dimension.value).report.all,
                    analysed(stuck_log(closes), {}, dimension.value).report.all);
}

TEST(LogPairTotals, AreTheSameWhateverTheOrderOfTheLines) {
    auto closes = some_closes(5'000);
    const auto forwards = analysed(all_log(closes));
    std::reverse(closes.begin(), closes.end());
    expect_same(forwards.report, analysed(all_log(closes)).report);
}

TEST(TallyLines, SayHowManyClosesTheyCannotTellTheAddressOf) {
    const auto closes = some_closes(2'000);
    const auto stuck = static_cast<std::uint64_t>(
        std::count_if(closes.begin(), closes.end(), [](const Record& r) { return r.is_stuck(); }));
    Filter filter;
    filter.network = parse_network("0.0.0.0/0");
    const auto result = analysed(stuck_log(closes), filter);
    EXPECT_EQ(result.report.left_out, 2'000 - stuck);
    EXPECT_EQ(result.report.all.tally.closes, stuck);
}

TEST(TallyLines, StandInARowOfTheirOwnByAddress) {
    const auto result = analysed(stuck_log(some_closes(2'000)), {}, Dimension::address);
    const auto row = std::find_if(result.report.rows.begin(), result.report.rows.end(),
                                  [](const Row& r) { return r.name == kTalliedGroup; });
    ASSERT_NE(row, result.report.rows.end());
    EXPECT_EQ(row->judgement, Judgement::not_judged);
    EXPECT_EQ(result.report.all.tally.closes, 2'000U);
}

TEST(TallyLines, OfOneOutcomeOnlyPassAFilterOnIt) {
    std::vector<Record> closes(40, a_close("curl/8.0"));
    Filter filter;
    filter.outcome = Outcome::fin;
    EXPECT_EQ(analysed(stuck_log(closes), filter).report.all.tally.closes, 40U);
    closes[0].outcome = Outcome::reset;
    const auto mixed = analysed(stuck_log(closes), filter);
    EXPECT_EQ(mixed.report.all.tally.closes, 0U);
    EXPECT_EQ(mixed.report.left_out, 39U);
}

TEST(TallyLines, OfEvictedAccountsAreNobodysFault) {
    TallyLine line;
    line.vhost = line.user_agent = kOtherAccount;
    line.tally.closes = line.tally.stuck = 5'000;
    std::string log;
    append_tally(log, line);
    const auto result = analysed(log);
    ASSERT_EQ(result.report.rows.size(), 1U);
    EXPECT_EQ(result.report.rows[0].judgement, Judgement::not_judged);
    Filter filter;
    filter.user_agent = std::make_shared<const RE2>("curl");
    EXPECT_EQ(analysed(log, filter).report.left_out, 5'000U);
}

}  // namespace
}  // namespace finwait::test
