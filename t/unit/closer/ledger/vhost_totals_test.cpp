// SPDX-License-Identifier: Apache-2.0
#include "closer/ledger/vhost_totals.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "closer/ledger/ledger_memory.hpp"
#include "closer/unique_fd.hpp"

namespace finwait {
namespace {

using namespace std::chrono_literals;

BookedClose a_close() {
    BookedClose close;
    close.close.fin_wait_2_time = 2s;
    close.close.outcome = Outcome::timeout;
    close.address_hash = 42;
    return close;
}

class VhostTotalsTest : public testing::Test {
  protected:
    UniqueFd memory{::memfd_create("totals", MFD_CLOEXEC)};
    VhostTotals totals{memory.get()};
};

TEST_F(VhostTotalsTest, EveryCloserBooksIntoTheSame) {
    VhostTotals others(memory.get());
    totals.book("a", a_close());
    others.book("b", a_close());
    others.book("a", a_close());
    EXPECT_EQ(2U, totals.by_name().at("a").tally.closes);
    EXPECT_EQ(1U, totals.by_name().at("b").tally.closes);
    EXPECT_EQ(others.by_name(), totals.by_name());
    EXPECT_EQ(6'000'000'000U, others.total().tally.fin_wait_2_ns);
    EXPECT_EQ(1U, totals.total().addresses.estimate());
    EXPECT_EQ(2U, VhostTotals(memory.get()).by_name().size()) << "they outlive both";
}

TEST_F(VhostTotalsTest, WhatAKilledProcessBookedLastIsThere) {
    const pid_t child = ::fork();
    if (child == 0) {
        VhostTotals(memory.get()).book("a", a_close());
        ::_exit(0);
    }
    ASSERT_EQ(child, ::waitpid(child, nullptr, 0));
    EXPECT_EQ(1U, totals.total().tally.closes);
}

TEST_F(VhostTotalsTest, TwoThatBookAtOnceLoseNothing) {
    constexpr int kCloses = 20'000;
    const auto book = [&] {
        VhostTotals mine(memory.get());
        for (int i = 0; i < kCloses; ++i) mine.book("host" + std::to_string(i % 300), a_close());
    };
    std::thread one(book);
    std::thread two(book);
    one.join();
    two.join();
    EXPECT_EQ(2U * kCloses, totals.total().tally.closes);
    std::uint64_t by_name = 0;
    for (const auto& [name, balance] : totals.by_name()) by_name += balance.tally.closes;
    EXPECT_EQ(2U * kCloses, by_name);
}

// One that is killed while it writes a name leaves the entry to nobody.
TEST_F(VhostTotalsTest, AnEntryThatWasNeverNamedIsPassedOver) {
    constexpr off_t kFirstEntry = kVhostTotalsAt + 8;
    const std::uint32_t claimed = 1;
    ASSERT_EQ(4, ::pwrite(memory.get(), &claimed, sizeof claimed, kFirstEntry));
    totals.book("a", a_close());
    EXPECT_EQ(1U, totals.by_name().size());
    EXPECT_EQ(1U, VhostTotals(memory.get()).by_name().at("a").tally.closes);
}

TEST_F(VhostTotalsTest, AnotherBuildsTotalsAreLeftAlone) {
    totals.book("a", a_close());
    const std::uint64_t layout = 1;
    ASSERT_EQ(8, ::pwrite(memory.get(), &layout, sizeof layout, kVhostTotalsAt));
    VhostTotals mine(memory.get());
    EXPECT_EQ(0U, mine.total().tally.closes);
    mine.book("a", a_close());
    EXPECT_EQ(1U, mine.total().tally.closes);
    EXPECT_EQ(1U, totals.total().tally.closes);
}

TEST_F(VhostTotalsTest, WithoutMemoryTheyAreThisClosersAlone) {
    VhostTotals mine(-1);
    mine.book("a", a_close());
    EXPECT_EQ(1U, mine.total().tally.closes);
    EXPECT_EQ(0U, VhostTotals(-1).total().tally.closes);
}

TEST_F(VhostTotalsTest, ANameIsCutAtItsBound) {
    const std::string longest(kVhostMax, 'x');
    totals.book(longest, a_close());
    totals.book(longest + "y", a_close());
    EXPECT_EQ(2U, totals.by_name().at(longest).tally.closes);
}

}  // namespace
}  // namespace finwait
