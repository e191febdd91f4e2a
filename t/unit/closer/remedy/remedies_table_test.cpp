// SPDX-License-Identifier: Apache-2.0
//
// Remedies in memory that others read: the table of the children, the books of the page, and who
// may write them.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "closer/remedy/remedy_memory.hpp"
#include "unit/closer/remedy/remedies_fixture.hpp"

namespace finwait {
namespace {

using namespace test;

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
