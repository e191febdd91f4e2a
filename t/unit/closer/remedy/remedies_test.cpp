// SPDX-License-Identifier: Apache-2.0
#include "closer/remedy/remedies.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "closer/remedy/remedy_memory.hpp"
#include "unit/closer/channel/channel_sender.hpp"

namespace finwait {
namespace {

using namespace std::chrono_literals;

constexpr AutoRule kRule{50, 20, 2, 600};

struct RemediesTest : testing::Test {
    ControlChannel control{UniqueFd()};
    std::unique_ptr<CloserCounters> counters = std::make_unique<CloserCounters>();
    Part<BookedNotices> told_;
    Notices notices{control, &told_};
    std::unique_ptr<RemedyTable> table = std::make_unique<RemedyTable>();
    BooksMemory books{UniqueFd(), 0};
    Remedies remedies{*table, 0, *counters, notices, books};
    Remedies* judge = &remedies;
    Moment now{1000s, 1'700'000'000s};

    // One close of `user_agent`, from 10.0.`from`.1.
    void close(std::string_view user_agent, std::uint8_t from, bool is_stuck,
               std::optional<AutoRule> rule = kRule, AccountId account = 1) {
        Handoff handoff = test::sample_handoff();
        handoff.user_agent = user_agent;
        handoff.peer.address = {10, 0, from, 1};
        handoff.auto_rule = rule;
        TalliedClose tallied;
        tallied.requests = 1;
        tallied.remedy = applied(user_agent, from);
        tallied.drain = is_stuck ? Drain::deadline : Drain::fin;
        tallied.is_stuck = tallied.is_preventable = is_stuck;
        judge->book(account, handoff, tallied, now);
    }
    // `min` closes in turn from four networks, the last of them late enough to be judged.
    void window(std::string_view user_agent, bool is_stuck) {
        for (std::uint32_t i = 1; i < kRule.closes_min; ++i)
            close(user_agent, static_cast<std::uint8_t>(i % 4), is_stuck);
        pass(kJudgeAfter);
        close(user_agent, 0, is_stuck);
    }
    void pass(Time time) {
        now.monotonic += time;
        now.realtime += time;
        judge->turn(now);
    }
    // As the page shows them.
    [[nodiscard]] std::vector<BookedRemedy> given() {
        std::vector<BookedRemedy> all;
        for (const auto& booked : books.own().used_remedies())
            if (booked.own().is_used != 0) all.push_back(booked.own());
        return all;
    }
    // As a child asks.
    [[nodiscard]] Remedy applied(std::string_view user_agent, std::uint8_t from = 0) const {
        const auto now_s = static_cast<std::uint64_t>(
            std::chrono::floor<std::chrono::seconds>(now.realtime).count());
        const std::uint64_t client = table->key_of("www.example.org", user_agent);
        const Remedy remedy = table->find(client, now_s);
        const Network network = network_of({Endpoint::Family::ipv4, 1, {10, 0, from, 1}});
        return remedy != Remedy::none ? remedy : table->find(table->key_of(client, network), now_s);
    }
    [[nodiscard]] std::string told() const {
        const BookedNotices& told = told_.own();
        if (told.told == 0) return {};
        return std::string(told.ring[(told.told - 1) % kNoticesKept].text.text());
    }
};

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
    Handoff older = test::sample_handoff();
    older.user_agent = "python";
    older.auto_rule = kRule;
    TalliedClose well;
    well.requests = 1;
    well.drain = Drain::fin;
    for (int i = 0; i < 100; ++i) remedies.book(1, older, well, now);
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

TEST_F(RemediesTest, WhatIsTooMuchIsRefusedAndCounted) {
    AutoRule rule = kRule;
    rule.closes_min = 1;
    AccountId account = 0;
    const auto give = [&](std::size_t i) {
        const std::string user_agent = "client/" + std::to_string(i);
        close(user_agent, 1, true, rule, ++account);
        now.monotonic += kJudgeAfter;
        close(user_agent, 1, true, rule, account);
        return applied(user_agent, 1);
    };
    rule.for_s = AutoRule::kForMaxS;
    for (std::size_t i = 0; i < kRemediesMax; ++i) ASSERT_EQ(Remedy::nokeepalive, give(i)) << i;
    EXPECT_EQ(Remedy::none, give(kRemediesMax));
    EXPECT_EQ(1U, read(counters->remedies_refused));
    EXPECT_EQ(kRemediesMax, given().size());
    // Those on trial make room.
    now.monotonic += std::chrono::seconds(rule.for_s);
    remedies.turn(now);
    EXPECT_EQ(Remedy::nokeepalive, give(kRemediesMax + 1));
    EXPECT_EQ(kRemediesMax, given().size());
    EXPECT_EQ(1U, read(counters->remedies_refused));
}

TEST_F(RemediesTest, TheBooksNameThemUntilTheirTrialEnds) {
    window("python", true);
    BookedRemedy booked = given().at(0);
    EXPECT_EQ("python", booked.user_agent.text());
    EXPECT_EQ("www.example.org", booked.vhost.text());
    EXPECT_EQ(static_cast<std::uint8_t>(Remedy::nokeepalive), booked.remedy);
    EXPECT_EQ(kRule.closes_min, booked.closes);
    EXPECT_EQ(0U, booked.on_trial);
    pass(600s);
    EXPECT_EQ(1U, given().at(0).on_trial);
    const Remedies next(*table, 0, *counters, notices, books);
    EXPECT_TRUE(given().empty()) << "a successor begins anew";
}

TEST_F(RemediesTest, OnlyTheTablesOwnerWrites) {
    window("python", true);
    BooksMemory next(UniqueFd(), 1);
    Remedies successor(*table, 1, *counters, notices, next);
    EXPECT_EQ(Remedy::none, applied("python")) << "its predecessor's remedies end";
    window("ruby", true);  // of the replaced one
    EXPECT_EQ(Remedy::none, applied("ruby"));
    EXPECT_EQ(0U, read(counters->remedies_refused)) << "it does not judge at all";
    ASSERT_TRUE(
        table->set(table->key_of("www.example.org", "python"), Remedy::nokeepalive, 2'000'000'000));
    pass(600s);
    EXPECT_EQ(Remedy::nokeepalive, applied("python")) << "it took what is not its own";
}

TEST_F(RemediesTest, ASuccessorGivesTheSameClientOneAgain) {
    window("python", true);
    BooksMemory next(UniqueFd(), 1);
    Remedies successor(*table, 1, *counters, notices, next);
    judge = &successor;
    EXPECT_EQ(Remedy::none, applied("python"));
    window("python", true);
    EXPECT_EQ(Remedy::nokeepalive, applied("python"));
}

// Its predecessor was just about to say how many remedies it had.
TEST_F(RemediesTest, TheOwnersCountIsItsOwn) {
    table->set_used(0);
    window("python", true);
    EXPECT_FALSE(table->is_empty());
    table->set_used(9);
    pass(600s);
    EXPECT_TRUE(table->is_empty());
}

TEST_F(RemediesTest, AClockThatIsSetBackMakesNoneLastLonger) {
    window("python", true);
    now.realtime -= 24h;
    now.monotonic += 600s;
    remedies.turn(now);
    EXPECT_EQ(Remedy::none, applied("python"));
}

TEST(RemedyMemory, OfAnotherLayoutOrSizeIsNotUsed) {
    UniqueFd memory(::memfd_create("test", MFD_CLOEXEC));
    const auto is_shared = [&] {
        RemedyMemory mapped(UniqueFd(::dup(memory.get())));
        mapped.table().take(7);
        std::byte byte{};
        const RemedyTable* table = nullptr;
        void* bytes = ::mmap(nullptr, sizeof(RemedyTable), PROT_READ, MAP_SHARED, memory.get(), 0);
        table = static_cast<const RemedyTable*>(bytes);
        const bool shared =
            ::pread(memory.get(), &byte, 1, sizeof(RemedyTable) - 1) == 1 && table->owner() == 7;
        ::munmap(bytes, sizeof(RemedyTable));
        return shared;
    };
    EXPECT_FALSE(is_shared());
    ASSERT_EQ(0, ::ftruncate(memory.get(), sizeof(RemedyTable)));
    EXPECT_FALSE(is_shared());
    auto table = std::make_unique<RemedyTable>();
    table->lay_out({1, 2});
    ASSERT_EQ(static_cast<ssize_t>(sizeof *table),
              ::pwrite(memory.get(), table.get(), sizeof *table, 0));
    EXPECT_TRUE(is_shared());
}

}  // namespace
}  // namespace finwait
