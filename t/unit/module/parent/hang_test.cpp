// SPDX-License-Identifier: Apache-2.0
#include "module/parent/hang.hpp"

#include <gtest/gtest.h>

namespace finwait {
namespace {

using namespace std::chrono_literals;

struct Hang : testing::Test {
    bool found_at(std::chrono::nanoseconds now) { return hangs(turned, doubted_ns, now); }

    std::chrono::nanoseconds turned = 100s;
    Counter doubted_ns{0};
};

TEST_F(Hang, IsNoneWhileItTurnsOrWasJustBusy) {
    for (const auto after : {0ms, 1ms, 1000ms, 1999ms}) EXPECT_FALSE(found_at(turned + after));
    EXPECT_FALSE(found_at(turned - 1s)) << "it has turned since this look began";
    EXPECT_EQ(read(doubted_ns), 0U);
}

TEST_F(Hang, IsFoundThreeSecondsAfterTheLastTurn) {
    EXPECT_FALSE(found_at(turned + 2s));
    EXPECT_FALSE(found_at(turned + 2999ms));
    EXPECT_TRUE(found_at(turned + 3s));
    EXPECT_TRUE(found_at(turned + 1h));
}

TEST_F(Hang, IsNoneWhereEverybodyWasStopped) {
    EXPECT_FALSE(found_at(turned + 1h)) << "the first to go on";
    EXPECT_FALSE(found_at(turned + 1h + 999ms));
    turned += 1h + 999ms;
    EXPECT_FALSE(found_at(turned + 1s));
}

TEST_F(Hang, IsNoneAgainWithTheNextTurn) {
    EXPECT_FALSE(found_at(turned + 2s));
    ASSERT_TRUE(found_at(turned + 5s));
    turned += 6s;
    EXPECT_FALSE(found_at(turned));
    EXPECT_FALSE(found_at(turned + 2s)) << "an old doubt is none";
    EXPECT_TRUE(found_at(turned + 3s));
}

}  // namespace
}  // namespace finwait
