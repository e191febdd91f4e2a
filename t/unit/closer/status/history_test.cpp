// SPDX-License-Identifier: Apache-2.0
#include "closer/status/history.hpp"

#include <gtest/gtest.h>

namespace finwait {
namespace {

using namespace std::chrono_literals;
using Point = History::Point;
using Points = std::vector<Point>;

constexpr Time kStart = 1000 * History::kStep;

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

TEST(History, GoesBackOneHour) {
    History history;
    history.note({7, 0}, kStart);
    history.note({1, 0}, kStart + 1s);
    const Time hour_later = kStart + 3600s;
    EXPECT_EQ(history.points(hour_later - 1s).size(), History::kPoints);
    EXPECT_EQ(history.points(hour_later - 1s).front(), (Point{7, 0}));
    history.note({2, 0}, hour_later);
    EXPECT_EQ(history.points(hour_later).size(), History::kPoints);
    EXPECT_EQ(history.points(hour_later).front(), (Point{1, 0}));
    EXPECT_EQ(history.points(hour_later).back(), (Point{2, 0}));
    history.note({4, 0}, kStart + 100 * 3600s);
    EXPECT_EQ(history.points(kStart + 100 * 3600s).front(), (Point{2, 0}));
}

}  // namespace
}  // namespace finwait
