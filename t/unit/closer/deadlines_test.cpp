// SPDX-License-Identifier: Apache-2.0
#include "closer/deadlines.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <utility>

namespace finwait {
namespace {

TEST(Deadlines, EarliestOfNoneIsNever) {
    const Deadlines deadlines;
    EXPECT_TRUE(deadlines.empty());
    EXPECT_EQ(kNever, deadlines.earliest());
}

TEST(Deadlines, RemovingAnAbsentSlotChangesNothing) {
    Deadlines deadlines;
    deadlines.set(3, Time(30));
    deadlines.remove(2);
    deadlines.remove(1000);
    EXPECT_EQ(1U, deadlines.size());
    EXPECT_EQ(3U, deadlines.earliest_slot());
}

TEST(Deadlines, AMovedDeadlineReplacesTheOldOne) {
    Deadlines deadlines;
    deadlines.set(1, Time(10));
    deadlines.set(2, Time(20));
    deadlines.set(1, Time(30));
    EXPECT_EQ(2U, deadlines.size());
    EXPECT_EQ(2U, deadlines.earliest_slot());
    deadlines.set(1, Time(5));
    EXPECT_EQ(1U, deadlines.earliest_slot());
}

// Every operation is done on an ordered set as well; both must agree after each.
TEST(Deadlines, AgreesWithASortedModel) {
    constexpr std::uint32_t kSlots = 200;
    std::mt19937 random(1);
    Deadlines deadlines;
    std::map<std::uint32_t, Time> when;
    std::set<std::pair<Time, std::uint32_t>> sorted;
    for (int i = 0; i < 20'000; ++i) {
        const auto slot = static_cast<std::uint32_t>(random() % kSlots);
        if (const auto old = when.find(slot); old != when.end()) sorted.erase({old->second, slot});
        if (random() % 3 == 0) {
            deadlines.remove(slot);
            when.erase(slot);
        } else {
            const Time time(random() % 1000);
            deadlines.set(slot, time);
            when[slot] = time;
            sorted.insert({time, slot});
        }
        ASSERT_TRUE(deadlines.is_consistent());
        ASSERT_EQ(sorted.size(), deadlines.size());
        ASSERT_EQ(sorted.empty() ? kNever : sorted.begin()->first, deadlines.earliest());
        ASSERT_EQ(when.contains(slot), deadlines.contains(slot));
    }
}

TEST(Deadlines, AreTakenInOrderOfTime) {
    std::mt19937 random(2);
    Deadlines deadlines;
    for (std::uint32_t slot = 0; slot < 1000; ++slot) deadlines.set(slot, Time(random() % 100));
    Time last{};
    while (!deadlines.empty()) {
        ASSERT_LE(last, deadlines.earliest());
        last = deadlines.earliest();
        deadlines.remove(deadlines.earliest_slot());
    }
}

}  // namespace
}  // namespace finwait
