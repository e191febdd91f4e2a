// SPDX-License-Identifier: Apache-2.0
#include "finwait/history.hpp"

#include <gtest/gtest.h>

namespace finwait {
namespace {

using namespace std::chrono_literals;
using Points = std::vector<HistoryPoint>;

constexpr std::chrono::nanoseconds kStart = 1000 * kHistoryStep;

TEST(History, IsEmptyBeforeTheFirstNote) {
    EXPECT_TRUE(History().points(kStart).empty());
}

TEST(History, KeepsTheMostOfEachStep) {
    History history;
    history.note({1, 0}, kStart);
    history.note({5, 2}, kStart + 3s);
    history.note({2, 0}, kStart + 4s);
    EXPECT_EQ(history.points(kStart + 5s), (Points{{5, 2}}));
}

TEST(History, OfACloserThatSleptIsWhatItHeldMeanwhile) {
    History history;
    history.note({9, 0}, kStart);
    history.note({3, 0}, kStart + 1s);
    EXPECT_EQ(history.points(kStart + 31s), (Points{{9, 0}, {3, 0}, {3, 0}}));
    history.note({0, 1}, kStart + 46s);
    EXPECT_EQ(history.points(kStart + 61s), (Points{{9, 0}, {3, 0}, {3, 0}, {3, 0}, {0, 1}}));
}

TEST(History, OfACloserThatHasEndedIsNothingSince) {
    History history;
    history.note({3, 1}, kStart);
    EXPECT_EQ(history.points(kStart + 31s, true), (Points{{3, 1}, {}, {}}));
    EXPECT_TRUE(history.points(kStart - 1000s).empty()) << "a clock that is not the writer's";
}

TEST(History, GoesBackOneHour) {
    History history;
    history.note({7, 0}, kStart);
    history.note({1, 0}, kStart + 1s);
    const std::chrono::nanoseconds hour_later = kStart + 3600s;
    EXPECT_EQ(history.points(hour_later - 1s).size(), kHistoryPoints);
    EXPECT_EQ(history.points(hour_later - 1s).front(), (HistoryPoint{7, 0}));
    history.note({2, 0}, hour_later);
    EXPECT_EQ(history.points(hour_later).size(), kHistoryPoints);
    EXPECT_EQ(history.points(hour_later).front(), (HistoryPoint{1, 0}));
    EXPECT_EQ(history.points(hour_later).back(), (HistoryPoint{2, 0}));
    history.note({4, 0}, kStart + 100 * 3600s);
    EXPECT_EQ(history.points(kStart + 100 * 3600s).front(), (HistoryPoint{2, 0}));
}

}  // namespace
}  // namespace finwait
