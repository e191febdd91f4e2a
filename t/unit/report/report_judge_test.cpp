// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/analysis/fail_if.hpp"
#include "report/analysis/judge.hpp"
#include "report/analysis/versions.hpp"
#include "report/output/figures.hpp"
#include "report/output/verdict.hpp"
#include "unit/report/report_logs.hpp"

namespace finwait::test {
namespace {

using namespace report;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Row a_row(std::string name, std::uint64_t stuck, std::uint64_t closes) {
    Row row;
    row.name = std::move(name);
    row.tally.closes = closes;
    row.tally.stuck = stuck;
    row.judgement = Judgement::like_others;
    return row;
}

std::vector<std::string> culprits_among(std::vector<Row> rows) {
    judge(rows, kSampleMin);
    std::vector<std::string> names;
    for (const Row& row : rows)
        if (row.judgement == Judgement::culprit) names.push_back(row.name);
    return names;
}

// Values of Wilson's interval from R: binom::binom.confint(x, n, methods = "wilson").
TEST(Share, HasWilsonsInterval) {
    const struct {
        std::uint64_t part, whole;
        double low, high;
    } cases[] = {{0, 10, 0, 0.2775328},
                 {5, 10, 0.2365931, 0.7634069},
                 {10, 10, 0.7224672, 1},
                 {412, 430, 0.9349, 0.9734},
                 {1, 1000, 0.0001765, 0.0056423}};
    for (const auto& c : cases) {
        const Interval interval = Share{c.part, c.whole}.interval();
        EXPECT_NEAR(interval.low, c.low, 1e-4) << c.part << "/" << c.whole;
        EXPECT_NEAR(interval.high, c.high, 1e-4) << c.part << "/" << c.whole;
    }
    EXPECT_EQ((Share{0, 0}.interval().high), 1);
}

TEST(Judge, NamesTheClientThatIsWorseThanTheOthers) {
    EXPECT_THAT(culprits_among({a_row("bad", 400, 430), a_row("good", 3, 5000)}),
                ElementsAre("bad"));
}

TEST(Judge, NamesTheSecondWorstBesideTheWorst) {
    EXPECT_THAT(
        culprits_among({a_row("worst", 9000, 9500), a_row("bad", 30, 100), a_row("good", 3, 5000)}),
        ElementsAre("worst", "bad"));
}

TEST(Judge, BlamesNobodyForTooFewCloses) {
    std::vector<Row> rows{a_row("rare", 5, 5), a_row("good", 0, 5000)};
    judge(rows, kSampleMin);
    EXPECT_EQ(rows[0].judgement, Judgement::too_few);
    EXPECT_EQ(rows[1].judgement, Judgement::like_others);
}

TEST(Judge, BlamesNobodyIfAllAreAlike) {
    EXPECT_THAT(
        culprits_among({a_row("a", 310, 1000), a_row("b", 290, 1000), a_row("c", 305, 1000)}),
        ElementsAre());
}

TEST(Judge, BlamesNobodyForWhatIsRareThoughCertain) {
    EXPECT_THAT(culprits_among({a_row("a", 2000, 100'000), a_row("b", 0, 1'000'000)}),
                ElementsAre());
}

TEST(Judge, BlamesOneWithoutOthersOnlyForMostOfItsCloses) {
    EXPECT_THAT(culprits_among({a_row("alone", 96, 100)}), ElementsAre("alone"));
    EXPECT_THAT(culprits_among({a_row("alone", 40, 100)}), ElementsAre());
}

TEST(Judge, LeavesOutWhoCannotBeJudged) {
    std::vector<Row> rows{a_row("(other)", 5000, 5000), a_row("good", 0, 5000)};
    rows[0].judgement = Judgement::not_judged;
    EXPECT_EQ(judge(rows, kSampleMin).whole, 5000U);
    EXPECT_EQ(rows[0].judgement, Judgement::not_judged);
}

TEST(ReportVerdict, NamesTheCulpritAndTheBaseline) {
    std::vector<Record> closes(970, a_close("curl/8.0"));
    closes.insert(closes.end(), 60, a_stuck_close("python-requests/2.28.1"));
    const std::string verdict = verdict_of(analysed(all_log(closes)).report);
    EXPECT_THAT(verdict,
                StartsWith("python-requests/2.28.1 leaves your sockets in FIN_WAIT_2: "
                           "100 % of its 60 closes got stuck, of the other clients' 0 %."));
}

TEST(ReportVerdict, SaysWhenThereIsNothingToSay) {
    EXPECT_THAT(verdict_of(analysed("").report), HasSubstr("No close"));
    EXPECT_THAT(verdict_of(analysed(all_log({a_close("a")})).report),
                StartsWith("No client leaves"));
    EXPECT_THAT(verdict_of(analysed(all_log({a_stuck_close("a"), a_stuck_close("b")})).report),
                StartsWith("Too few closes"));
}

TEST(ReportRow, PointsOutAnAddressThatMostStuckClosesComeFrom) {
    std::vector<Record> closes;
    for (std::uint8_t i = 0; i < 50; ++i) closes.push_back(a_stuck_close("a", i < 40 ? 7 : i));
    const auto row = analysed(all_log(closes)).report.rows.at(0);
    ASSERT_TRUE(row.dominant);
    EXPECT_EQ(row.dominant->address, "192.0.2.7");
    EXPECT_EQ(row.dominant->of_stuck.part, 40U);
    EXPECT_EQ(row.addresses, 11U);
    const auto masked = analysed(all_log(closes), {}, Dimension::family, {kSampleMin, true});
    EXPECT_EQ(masked.report.rows.at(0).dominant->address, "192.0.2.0");
}

TEST(ReportRow, TakesNoAddressForAProxyBecauseOfOneStuckClose) {
    std::vector<Record> closes;
    for (std::uint8_t i = 0; i < 50; ++i) closes.push_back(a_close("a", i));
    closes.push_back(a_stuck_close("a", 7));
    closes.push_back(a_stuck_close("a", 8));
    EXPECT_EQ(remark_on(analysed(all_log(closes)).report.rows.at(0), kSampleMin), "");
    closes.push_back(a_stuck_close("a", 8));
    EXPECT_THAT(remark_on(analysed(all_log(closes)).report.rows.at(0), kSampleMin),
                HasSubstr("67 % from 192.0.2.8"));
}

TEST(ReportRow, OfAUserAgentDoesNotRepeatItsVersion) {
    const std::vector<Record> closes(60, a_stuck_close("python-requests/2.28.1"));
    const auto row = analysed(all_log(closes), {}, Dimension::ua).report.rows.at(0);
    EXPECT_EQ(title_of(row), "python-requests/2.28.1");
}

TEST(AddressCount, IsExactUpToItsBoundAndNearBeyond) {
    AddressCount count;
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        Address address{0x20, 0x01};
        for (unsigned byte = 0; byte < 4; ++byte)
            address[12 + byte] = static_cast<std::uint8_t>(i >> (8 * byte));
        count.add(HashedAddress(address), i % 4 == 0 || i == 99'999);
        count.add(HashedAddress(Address{}), true);
        if (i == 999) {
            EXPECT_EQ(count.count(), 1001U);
        }
    }
    EXPECT_NEAR(static_cast<double>(count.count()), 100'001, 5'000);
    ASSERT_TRUE(count.top());
    EXPECT_EQ(count.top()->address, Address{});
    EXPECT_EQ(count.top()->stuck, 100'000U);
}

TEST(FailIf, HoldsAsItSays) {
    std::vector<Record> closes(90, a_close("curl/8.0"));
    closes.insert(closes.end(), 60, a_stuck_close("python-requests/2.28.1"));
    const Report report = analysed(all_log(closes)).report;
    for (const char* holds : {"stuck>5%", "stuck >= 40%", "stuck>59", "p99>10s", "p99<=20000ms",
                              "socket-time>16min", "closes<151", "culprits>0", "p50<1s"})
        EXPECT_TRUE(parse_fail_if(holds) && parse_fail_if(holds)->holds(report)) << holds;
    for (const char* does_not : {"stuck>40%", "culprits>1", "broken>0", "p99>1min"})
        EXPECT_TRUE(parse_fail_if(does_not) && !parse_fail_if(does_not)->holds(report)) << does_not;
    for (const char* none : {"", "stuck", "stuck>", "stuck=5%", "stuck>5s", "p99>5%", ">5", "x>5",
                             "stuck>5%%", "stuck>1.2.3"})
        EXPECT_FALSE(parse_fail_if(none)) << none;
}

TEST(Versions, AreOrderedByTheirNumbers) {
    EXPECT_TRUE(is_older("2.9", "2.28"));
    EXPECT_TRUE(is_older("2", "2.1"));
    EXPECT_FALSE(is_older("2.28", "2.28"));
    EXPECT_TRUE(is_older("99999999999999999999998", "99999999999999999999999"));
    VersionRange range;
    for (const char* version : {"2.28", "", "2.9", "10.1"}) range.add(version);
    EXPECT_EQ(range.text(), "2.9–10.1");
}

}  // namespace
}  // namespace finwait::test
