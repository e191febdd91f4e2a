// SPDX-License-Identifier: Apache-2.0
//
// FinWaitMaxHeld: who is given up when there are too many.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "unit/closer/closer_fixture.hpp"
#include "unit/closer/open_descriptors.hpp"

namespace finwait {
namespace {

using namespace test;

using CloserDrains = CloserTest;

TEST_F(CloserDrains, SheddingTakesTheOldestInFinWait2First) {
    set_up(2);
    TcpPair unread = with_unacknowledged_reply();
    Handoff handoff = sample();
    handoff.close.requests = 1;
    hand_over(unread, handoff);
    settle(1);
    for (std::uint32_t i = 2; i < 5; ++i) {
        TcpPair pair = loopback.half_closed();
        ASSERT_EQ(0, end_seen_by(pair.client));
        handoff.close.requests = i;
        hand_over(pair, handoff);
        settle(std::min<std::size_t>(i, 2));
        clients.push_back(std::move(pair.client));
    }
    const std::vector<Record> all = records();
    ASSERT_EQ(2U, all.size());
    EXPECT_EQ(2U, all[0].requests);
    EXPECT_EQ(3U, all[1].requests);
    EXPECT_EQ(Drain::shed, all[0].drain);
    EXPECT_EQ(Outcome::unknown, all[0].outcome);
    EXPECT_EQ(2U, read(counters->shed));
    EXPECT_EQ(1U, notices().size()) << "rate-limited";
}

TEST_F(CloserDrains, ALowerLimitShedsAtOnce) {
    set_up(10);
    std::vector<TcpPair> pairs;
    for (int i = 0; i < 6; ++i) {
        pairs.push_back(loopback.half_closed());
        hand_over(pairs.back());
    }
    settle(6);
    set_up(4);
    EXPECT_EQ(4U, closer->held());
    EXPECT_EQ(2U, read(counters->shed));
}

TEST_F(CloserDrains, AMuchLowerLimitIsReachedInSeveralTurns) {
    set_up(1000);
    std::vector<TcpPair> pairs;
    for (std::size_t i = 0; i < kShedsPerTurn + 10; ++i) {
        pairs.push_back(loopback.half_closing());
        hand_over(pairs.back());
        if (i % 50 == 49) turn();
    }
    settle(kShedsPerTurn + 10);
    set_up(2);
    EXPECT_EQ(10U, closer->held());
    EXPECT_LE(closer->due(), now.monotonic);
    turn();
    EXPECT_EQ(2U, closer->held());
}

TEST_F(CloserDrains, NeverHoldsMoreThanItsLimitWithinABurst) {
    set_up(5);
    std::vector<TcpPair> pairs;
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 100; ++i) {
        pairs.push_back(loopback.half_closed());
        hand_over(pairs.back());
    }
    for (int i = 0; i < 5; ++i) {
        turn();
        ASSERT_LE(closer->held(), 5U);
    }
    EXPECT_EQ(100U, read(counters->received));
    EXPECT_EQ(95U, read(counters->shed));
    EXPECT_EQ(before + 100 + 5, open_descriptors());
}

TEST_F(CloserDrains, WhoHasClosedIsNotShed) {
    set_up(5);
    for (int i = 0; i < 50; ++i) {
        TcpPair pair = loopback.half_closed();
        pair.client.reset();
        await(pair.server, POLLRDHUP);
        hand_over(pair);
    }
    settle(0);
    const std::vector<Record> all = records();
    ASSERT_EQ(50U, all.size());
    for (const Record& record : all) EXPECT_EQ(Drain::fin, record.drain);
    EXPECT_EQ(0U, read(counters->shed));
}

}  // namespace
}  // namespace finwait
