// SPDX-License-Identifier: Apache-2.0
//
// How the closer drains: how each drain ends, and within which limits.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "unit/closer/closer_fixture.hpp"
#include "unit/closer/open_descriptors.hpp"

namespace finwait {
namespace {

using namespace test;

using CloserDrains = CloserTest;

TEST_F(CloserDrains, EndsADrainByTheClientsFin) {
    set_up();
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    now.monotonic += 250ms;
    now.realtime += 250ms;
    pair.client.reset();
    turn_until_held(0);
    expect_only(Drain::fin, Outcome::fin);
    const Record record = only_record();
    EXPECT_EQ(TcpState::closed, record.state);
    EXPECT_EQ(250U, record.drain_ms);
    EXPECT_EQ(250U, record.fin_wait_2_ms);
    EXPECT_EQ(1'700'000'000s, record.half_close);
    EXPECT_EQ("python-requests/2.28.1", record.user_agent);
    EXPECT_EQ(3U, record.requests);
    EXPECT_NE(0U, record.socket_cookie);
}

TEST_F(CloserDrains, FinishesAnAnsweredCloseAtTheFirstLook) {
    set_up();
    TcpPair pair = loopback.half_closed();
    pair.client.reset();
    await(pair.server, POLLRDHUP);
    hand_over(pair);
    turn();
    EXPECT_EQ(1U, closer->held()) << "it waits for one turn";
    turn();
    EXPECT_EQ(0U, closer->held());
    expect_only(Drain::fin, Outcome::fin);
}

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

TEST_F(CloserDrains, DiscardsWhatComesBeforeTheFin) {
    set_up();
    TcpPair pair = loopback.half_closed();
    send_bytes(pair.client, 1000);
    hand_over(pair);
    settle(1);
    send_bytes(pair.client, 234);
    pair.client.reset();
    turn_until_held(0);
    expect_only(Drain::fin, Outcome::fin);
    EXPECT_EQ(1234U, only_record().drained_bytes);
}

TEST_F(CloserDrains, EndsADrainByTheClientsReset) {
    set_up();
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    reset(pair.client);
    turn_until_held(0);
    expect_only(Drain::reset, Outcome::reset);
}

TEST_F(CloserDrains, GivesUpASilentClientExactlyAtTheIdleTimeout) {
    set_up();
    policy.drain_idle_timeout_ms = 5000;
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    EXPECT_EQ(now.monotonic + kProbeAfter, closer->due());
    turn(kProbeAfter);
    EXPECT_EQ(now.monotonic + 5s - kProbeAfter, closer->due());
    turn(5s - kProbeAfter - 1ns);
    EXPECT_EQ(1U, closer->drainer().draining());
    turn(1ns);
    EXPECT_EQ(0U, closer->drainer().draining());
    wait_to_the_end();
    expect_only(Drain::idle_timeout, Outcome::timeout);
    EXPECT_EQ(TcpState::fin_wait_2, only_record().state);
    EXPECT_EQ(5000U, only_record().drain_ms);
}

TEST_F(CloserDrains, WithFinWaitTimeout0TheClientGetsReset) {
    set_up();
    policy.drain_idle_timeout_ms = 5000;
    policy.wait_timeout_ms = 0;
    TcpPair pair = loopback.half_closed();
    ASSERT_EQ(0, end_seen_by(pair.client));
    hand_over(pair);
    settle(1);
    turn(5s);
    expect_only(Drain::idle_timeout, Outcome::cut);
    await_end(pair.client);
    EXPECT_EQ(-1, ::send(pair.client.get(), "x", 1, MSG_NOSIGNAL));
    EXPECT_TRUE(errno == ECONNRESET || errno == EPIPE);
}

TEST_F(CloserDrains, ATricklingClientMeetsTheDeadline) {
    set_up();
    policy.drain_timeout_ms = 10'000;
    policy.drain_idle_timeout_ms = 3'000;
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    for (int second = 1; second < 10; ++second) {
        send_bytes(pair.client, 1);
        closer->collect_events(1000);
        now.monotonic += 1s;
        closer->turn(now);
        ASSERT_EQ(1U, closer->held());
    }
    turn(1s);
    wait_to_the_end();
    expect_only(Drain::deadline, Outcome::timeout);
    EXPECT_EQ(9U, only_record().drained_bytes);
    EXPECT_EQ(10'000U, only_record().drain_ms);
}

TEST_F(CloserDrains, TimesCountFromTheHalfCloseAndNotFromReceipt) {
    set_up();
    policy.drain_idle_timeout_ms = 5000;
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    now.monotonic += 4s;
    settle(1);
    EXPECT_EQ(now.monotonic + 1s, closer->due());
    turn(1s);
    EXPECT_EQ(1U, closer->drainer().waiting());
    wait_to_the_end();
    expect_only(Drain::idle_timeout, Outcome::timeout);
    EXPECT_EQ(5000U, only_record().drain_ms);
    EXPECT_EQ(5000U + policy.wait_timeout_ms, only_record().fin_wait_2_ms);
}

TEST_F(CloserDrains, AHalfCloseInTheFutureIsNow) {
    set_up();
    TcpPair pair = loopback.half_closed();
    Handoff handoff = sample();
    handoff.half_close = now.monotonic + 1000s;
    hand_over(pair, handoff);
    settle(1);
    turn(30s);
    EXPECT_EQ(0U, closer->drainer().draining());
}

TEST_F(CloserDrains, TheByteLimitResetsTheClient) {
    set_up();
    policy.drain_limit_bytes = 1000;
    TcpPair pair = loopback.half_closed();
    ASSERT_EQ(0, end_seen_by(pair.client));
    hand_over(pair);
    send_bytes(pair.client, 1000);
    settle(1);
    send_bytes(pair.client, 500);
    turn_until_held(0);
    expect_only(Drain::byte_limit, Outcome::cut);
    EXPECT_EQ(1001U, only_record().drained_bytes);
    pollfd entry{pair.client.get(), 0, 0};
    ASSERT_EQ(1, ::poll(&entry, 1, kPatienceMs));
    EXPECT_NE(0, entry.revents & POLLERR);
}

TEST_F(CloserDrains, AClientThatNeverReadsIsIdleAndUnacked) {
    set_up();
    policy.drain_idle_timeout_ms = 5000;
    TcpPair pair = with_unacknowledged_reply();
    hand_over(pair);
    settle(1);
    turn(5s);
    EXPECT_EQ(0U, closer->drainer().draining());
    wait_to_the_end();
    expect_only(Drain::idle_timeout, Outcome::unacked);
    EXPECT_EQ(TcpState::fin_wait_1, only_record().state);
    EXPECT_EQ(0U, only_record().fin_wait_2_ms);
}

TEST_F(CloserDrains, ASlowReaderIsNotIdle) {
    set_up();
    policy.drain_idle_timeout_ms = 5000;
    TcpPair pair = with_unacknowledged_reply();
    const UniqueFd copy(::dup(pair.server.get()));
    hand_over(pair);
    settle(1);
    const std::uint32_t before = unacked_bytes(copy.get());
    std::array<char, 4096> bytes;
    while (unacked_bytes(copy.get()) == before)
        ASSERT_GT(::recv(pair.client.get(), bytes.data(), bytes.size(), 0), 0);
    turn(5s);
    EXPECT_EQ(1U, closer->held());
    EXPECT_LE(closer->due(), now.monotonic + 5s);
}

TEST_F(CloserDrains, FinWait2BeginsWhenTheFinIsAcknowledged) {
    set_up();
    TcpPair pair = with_unacknowledged_reply();
    const UniqueFd copy(::dup(pair.server.get()));
    hand_over(pair);
    settle(1);
    now.monotonic += 3s;
    now.realtime += 3s;
    ASSERT_EQ(0, end_seen_by(pair.client));
    turn_until([&] { return unacked_bytes(copy.get()) == 0; });
    turn();
    turn(1s);
    pair.client.reset();
    turn_until_held(0);
    EXPECT_EQ(1000U, only_record().fin_wait_2_ms);
    EXPECT_EQ(4000U, only_record().drain_ms);
}

TEST_F(CloserDrains, SheddingTakesTheOldestInFinWait2First) {
    set_up(2);
    TcpPair unread = with_unacknowledged_reply();
    Handoff handoff = sample();
    handoff.requests = 1;
    hand_over(unread, handoff);
    settle(1);
    for (std::uint32_t i = 2; i < 5; ++i) {
        TcpPair pair = loopback.half_closed();
        ASSERT_EQ(0, end_seen_by(pair.client));
        handoff.requests = i;
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

TEST_F(CloserDrains, AFloodIsReadAtIntervalsAndMeetsTheDeadline) {
    set_up();
    policy.drain_timeout_ms = 1000;
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    const std::string bytes(1 << 20, 'x');
    const auto flood = [&] {
        while (::send(pair.client.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >
               0)
            continue;
    };
    flood();
    turn_until([&] { return closer->due() <= now.monotonic + kFloodPause; });
    closer->collect_events(0);
    flood();
    EXPECT_EQ(now.monotonic + kFloodPause, closer->due()) << "new data does not wake it";
    std::size_t turns = 0;
    while (closer->held() > 0) {
        flood();
        turn(closer->due() - now.monotonic);
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
    for (int i = 0; i < 100 && closer->held() > 0; ++i) {
        closer->collect_events(1);
        now.monotonic += kFloodPause;
        closer->turn(now);
    }
    expect_only(Drain::fin, Outcome::fin);
    EXPECT_EQ(300'000U, only_record().drained_bytes);
}

}  // namespace
}  // namespace finwait
