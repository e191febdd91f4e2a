// SPDX-License-Identifier: Apache-2.0
#include "closer/remedy/remedies.hpp"

#include <gtest/gtest.h>

#include <array>

#include "unit/closer/remedy/remedies_fixture.hpp"

namespace finwait {
namespace {

using namespace test;

TEST_F(RemediesTest, AGuiltyClientGetsOneForItsTime) {
    window("python", true);
    EXPECT_EQ(Remedy::nokeepalive, applied("python"));
    EXPECT_EQ(Remedy::nokeepalive, applied("python", 77)) << "from any network";
    EXPECT_EQ(Remedy::none, applied("curl"));
    EXPECT_EQ(1U, remedies.active());
    EXPECT_EQ(1U, read(counter_of(counters->remedies, Remedy::nokeepalive)));
    EXPECT_NE(std::string::npos, told().find("remedy nokeepalive for 600 s for 'python'"))
        << told();
    EXPECT_NE(std::string::npos, told().find("20 of 20 closes stuck")) << told();
    pass(599s);
    EXPECT_EQ(Remedy::nokeepalive, applied("python"));
    EXPECT_EQ(now.monotonic + 1s, remedies.due());
    pass(1s);
    EXPECT_EQ(Remedy::none, applied("python"));
    EXPECT_TRUE(table->is_empty());
    EXPECT_NE(std::string::npos, told().find("no more remedy")) << told();
    EXPECT_EQ(0U, remedies.active());
}

TEST_F(RemediesTest, AWellBehavedClientGetsNone) {
    for (int i = 0; i < 10; ++i) window("chrome", false);
    EXPECT_TRUE(table->is_empty());
    EXPECT_EQ("", told());
    EXPECT_EQ(kNever, remedies.due());
}

TEST_F(RemediesTest, ABurstIsNotJudged) {
    for (int i = 0; i < 500; ++i) close("python", static_cast<std::uint8_t>(i % 4), true);
    EXPECT_TRUE(table->is_empty());
}

TEST_F(RemediesTest, AfterItsTimeAClientIsOnTrialAndStillBrokenGetsItAgain) {
    window("python", true);
    pass(600s);
    ASSERT_EQ(Remedy::none, applied("python"));
    // A third of its closes: too few without a trial, enough on it.
    for (std::uint8_t i = 0; i < 20; ++i) close("python", i % 4, i < 7);
    pass(kJudgeAfter);
    close("python", 0, false);
    EXPECT_EQ(Remedy::nokeepalive, applied("python"));
    EXPECT_EQ(2U, read(counter_of(counters->remedies, Remedy::nokeepalive)));
}

TEST_F(RemediesTest, AClientThatWasFixedIsAcquitted) {
    window("python", true);
    pass(600s);
    window("python", false);
    EXPECT_TRUE(given().empty());
    // From now on it needs the full share again.
    for (std::uint8_t i = 0; i < 20; ++i) close("python", i % 4, i < 7);
    pass(kJudgeAfter);
    close("python", 0, false);
    EXPECT_EQ(Remedy::none, applied("python"));
}

// A third of each network's closes is stuck.
TEST_F(RemediesTest, ANetworkOnTrialIsNoTrialOfTheOthers) {
    for (int i = 0; i < 19; ++i) close("chrome", 9, true);
    pass(kJudgeAfter);
    close("chrome", 9, true);
    pass(600s);
    ASSERT_EQ(1U, given().size());
    constexpr std::array<std::uint8_t, 4> kFrom{9, 1, 2, 3};
    for (std::size_t i = 0; i < 23; ++i) close("chrome", kFrom[i % kFrom.size()], i < 8);
    pass(kJudgeAfter);
    close("chrome", 3, false);
    EXPECT_EQ(Remedy::nokeepalive, applied("chrome", 9));
    for (std::uint8_t from = 1; from < 5; ++from) EXPECT_EQ(Remedy::none, applied("chrome", from));
}

TEST_F(RemediesTest, ATrialWithoutAJudgementEnds) {
    window("python", true);
    const auto end = [this] { return std::chrono::milliseconds(given().at(0).until_ms); };
    EXPECT_EQ(now.realtime + 600s, end());
    pass(600s);
    EXPECT_EQ(now.realtime + 600s, end()) << "that of the trial";
    EXPECT_EQ(1U, given().size());
    pass(600s);
    EXPECT_TRUE(given().empty());
    EXPECT_EQ(kNever, remedies.due());
}

// A client that is as bad as ever, or worse, for a day: never more than two changes per `for`.
TEST_F(RemediesTest, DoesNotFlap) {
    std::uint64_t changes = 0;
    Remedy before = Remedy::none;
    const int ten_seconds = 24 * 360;
    for (int i = 0; i < ten_seconds; ++i) {
        for (std::uint8_t from = 0; from < 10; ++from)
            close("python", from % 4, (i * 7 + from * 3) % 10 < 5);
        pass(10s);
        changes += applied("python") != before;
        before = applied("python");
    }
    EXPECT_LE(changes, 2U * 24 * 3600 / kRule.for_s);
    EXPECT_GE(changes, 100U) << "the test must be able to fail";
}

TEST_F(RemediesTest, FromOneNetworkOnlyThatOneIsCovered) {
    for (int i = 0; i < 19; ++i) close("chrome", 9, true);
    close("chrome", 1, false);
    pass(kJudgeAfter);
    close("chrome", 9, true);
    EXPECT_EQ(Remedy::nokeepalive, applied("chrome", 9));
    EXPECT_EQ(Remedy::none, applied("chrome", 1));
    EXPECT_NE(std::string::npos, told().find("network 10.0.9.0/24 only")) << told();
    pass(600s);
    EXPECT_EQ(Remedy::none, applied("chrome", 9));
}

// They ended under the remedy and began before it.
TEST_F(RemediesTest, ClosesOfOlderConnectionsSayNothing) {
    window("python", true);
    Close older = test::sample_handoff().close;
    older.user_agent = "python";
    older.auto_rule = kRule;
    older.requests = 1;
    older.drain = Drain::fin;
    for (int i = 0; i < 100; ++i) remedies.book(1, older, now);
    pass(600s);
    for (std::uint32_t i = 1; i < kRule.closes_min; ++i) close("python", i % 4, true);
    pass(kJudgeAfter);
    close("python", 0, true);
    EXPECT_EQ(Remedy::nokeepalive, applied("python"));
}

TEST_F(RemediesTest, AnEvictedAccountsEvidenceIsForgotten) {
    for (int i = 0; i < 19; ++i) close("python", static_cast<std::uint8_t>(i % 4), true);
    remedies.forget(1);
    pass(kJudgeAfter);
    close("python", 0, true);
    EXPECT_TRUE(table->is_empty());
}

// Virtual hosts of one ServerName, as on ports 80 and 443, share a client's remedy.
TEST_F(RemediesTest, AVirtualHostOfItsNameThatIsOffDoesNotEndIt) {
    window("python", true);
    close("python", 1, false, std::nullopt);
    EXPECT_EQ(Remedy::nokeepalive, applied("python"));
    pass(600s);
    close("python", 1, false, std::nullopt);
    EXPECT_EQ(1U, given().size()) << "nor its trial";
}

TEST_F(RemediesTest, AVirtualHostThatIsOffIsNoEvidence) {
    for (std::uint8_t i = 0; i < 100; ++i) close("python", i % 4, true, std::nullopt);
    pass(kJudgeAfter);
    close("python", 0, true);
    EXPECT_TRUE(table->is_empty());
}

TEST_F(RemediesTest, ANewRuleCountsFromTheNextClose) {
    for (int i = 0; i < 19; ++i) close("python", static_cast<std::uint8_t>(i % 4), true);
    pass(kJudgeAfter);
    AutoRule patient = kRule;
    patient.closes_min = 30;
    for (int i = 0; i < 10; ++i) close("python", static_cast<std::uint8_t>(i % 4), true, patient);
    EXPECT_TRUE(table->is_empty());
    patient.for_s = 5;
    close("python", 0, true, patient);
    EXPECT_EQ(Remedy::nokeepalive, applied("python"));
    pass(5s);
    EXPECT_EQ(Remedy::none, applied("python"));
}

TEST_F(RemediesTest, AClockThatIsSetBackMakesNoneLastLonger) {
    window("python", true);
    now.realtime -= 24h;
    now.monotonic += 600s;
    remedies.turn(now);
    EXPECT_EQ(Remedy::none, applied("python"));
}

}  // namespace
}  // namespace finwait
