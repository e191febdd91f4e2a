// SPDX-License-Identifier: Apache-2.0
//
// How often the closer wakes: for many closes together, and for a flood at intervals.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "unit/closer/closer_fixture.hpp"

namespace finwait {
namespace {

using namespace test;

using CloserDrains = CloserTest;

TEST_F(CloserDrains, GathersLongerWhileFewClosesKeepComing) {
    set_up();
    std::vector<TcpPair> pairs;
    const auto hand_over_more = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            hand_over(pairs.emplace_back(loopback.half_closed()));
    };
    const auto time_of_wait = [&] {
        const auto begin = std::chrono::steady_clock::now();
        closer->wait(now.monotonic);
        closer->turn(now);
        return std::chrono::steady_clock::now() - begin;
    };
    const auto shortest_of = [&](std::size_t count) {
        auto shortest = std::chrono::steady_clock::duration::max();
        for (int i = 0; i < 10; ++i) {
            hand_over_more(count);
            const auto time = time_of_wait();
            EXPECT_GE(time, kGatherTimeMin);
            shortest = std::min(shortest, time);
        }
        return shortest;
    };
    const auto time_of_a_lone_close = [&] {
        hand_over_more(1);
        time_of_wait();
        const auto time = time_of_wait();
        settle(pairs.size());
        return time;
    };
    // Whatever else the machine does can only add to these times.
    EXPECT_EVENTUALLY(time_of_a_lone_close(), testing::Lt(kGatherTimeMax));
    hand_over_more(1);
    time_of_wait();
    EXPECT_EVENTUALLY(shortest_of(2 * kGathered), testing::Lt(kGatherTimeMax)) << "many closes";
    shortest_of(1);
    hand_over_more(1);
    EXPECT_GE(time_of_wait(), kGatherTimeMax) << "few closes";
}

TEST_F(CloserDrains, WhatIsDueIsNotKeptWaitingByArrivals) {
    set_up();
    policy.drain_timeout_ms = 1000;
    std::vector<TcpPair> pairs;
    hand_over(pairs.emplace_back(loopback.half_closed()));
    settle(1);
    now.monotonic += 2s;
    hand_over(pairs.emplace_back(loopback.half_closed()));
    closer->collect_events(0);
    closer->turn({now.monotonic - 2s, now.realtime});
    auto shortest = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 20; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        closer->wait(now.monotonic);
        shortest = std::min(shortest, std::chrono::steady_clock::now() - begin);
    }
    EXPECT_LT(shortest, kGatherTimeMin);
}

TEST_F(CloserDrains, AFloodIsReadAtIntervalsAndMeetsTheDeadline) {
    set_up();
    policy.drain_timeout_ms = 1000;
    TcpPair pair = loopback.half_closed();
    const UniqueFd server(::dup(pair.server.get()));  // tells what has come
    hand_over(pair);
    settle(1);
    const std::string bytes(1 << 20, 'x');
    const auto flood = [&] {
        while (::send(pair.client.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >
               0)
            continue;
        int unread = 0;
        EXPECT_EQ(0, ::ioctl(server.get(), FIONREAD, &unread));
        return static_cast<std::size_t>(unread);
    };
    flood();
    turn_until([&] { return closer->due() <= now.monotonic + kFloodPause; });
    closer->collect_events(0);
    flood();
    EXPECT_EQ(now.monotonic + kFloodPause, closer->due()) << "new data does not wake it";
    std::size_t turns = 0;
    while (closer->held() > 0) {
        // No step of the clock before the kernel has delivered what it is about, and none beyond
        // it.
        ASSERT_EVENTUALLY(flood(), testing::Ge(kFloodBytes / 4));
        turn(std::min(closer->due() - now.monotonic, kFloodPause));
        ASSERT_LE(++turns, 250U);
    }
    // Its data goes on coming, and the kernel answers the close on it.
    expect_only(Drain::deadline, Outcome::reset);
    EXPECT_GT(only_record().drained_bytes, 10U * kFloodBytes);
}

TEST_F(CloserDrains, AfterAFloodTheClientsFinEndsTheDrain) {
    set_up();
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    ::fcntl(pair.client.get(), F_SETFL, 0);
    send_bytes(pair.client, 300'000);
    pair.client.reset();
    turn_until([&] {
        // The clock goes on only where the closer waits for it, not where the kernel has yet to
        // deliver.
        if (closer->due() <= now.monotonic + kFloodPause) now.monotonic += kFloodPause;
        return closer->held() == 0;
    });
    expect_only(Drain::fin, Outcome::fin);
    EXPECT_EQ(300'000U, only_record().drained_bytes);
}

}  // namespace
}  // namespace finwait
