// SPDX-License-Identifier: Apache-2.0
//
// How the closer drains: how each drain ends, and within which limits.
#include <gtest/gtest.h>

#include <array>

#include "unit/closer/closer_fixture.hpp"

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
    EXPECT_EQ(250U, record.drain_ms());
    EXPECT_EQ(250U, record.fin_wait_2_ms());
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
    EXPECT_EQ(5000U, only_record().drain_ms());
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

// In FIN_WAIT_1 something of ours may still be read: it waits for that.
TEST_F(CloserDrains, WithFinWaitTimeout0AnAcknowledgementAfterTheDrainIsTheEnd) {
    set_up();
    policy.drain_idle_timeout_ms = 5000;
    policy.wait_timeout_ms = 0;
    TcpPair pair = with_unacknowledged_reply();
    hand_over(pair);
    settle(1);
    turn(5s);
    ASSERT_EQ(1U, closer->drainer().waiting());
    EXPECT_EQ(sent, read_to_end(pair.client).first);
    turn_until_held(0);
    expect_only(Drain::idle_timeout, Outcome::cut);
    await_end(pair.client);
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
        closer->collect_events(kPatienceMs);
        now.monotonic += 1s;
        closer->turn(now);
        ASSERT_EQ(1U, closer->held());
    }
    turn(1s);
    wait_to_the_end();
    expect_only(Drain::deadline, Outcome::timeout);
    EXPECT_EQ(9U, only_record().drained_bytes);
    EXPECT_EQ(10'000U, only_record().drain_ms());
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
    EXPECT_EQ(5000U, only_record().drain_ms());
    EXPECT_EQ(5000U + policy.wait_timeout_ms, only_record().fin_wait_2_ms());
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

// The turn that reads of it began before.
TEST_F(CloserDrains, AHalfCloseDuringTheTurnHasItsOwnTime) {
    set_up();
    TcpPair pair = loopback.half_closed();
    Handoff handoff = sample();
    handoff.half_close = now.monotonic + 3ms;
    hand_over(pair, handoff);
    settle(1);
    pair.client.reset();
    turn_until_held(0);
    EXPECT_EQ(1'700'000'000'003ms, only_record().half_close);
    EXPECT_EQ(0U, only_record().drain_ms());
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
    wait_for_an_acknowledgement();
    expect_only(Drain::idle_timeout, Outcome::unacked);
    EXPECT_EQ(TcpState::fin_wait_1, only_record().state);
    EXPECT_EQ(0U, only_record().fin_wait_2_ms());
}

TEST_F(CloserDrains, ASlowReaderIsNotIdle) {
    set_up();
    policy.drain_idle_timeout_ms = 5000;
    TcpPair pair = with_unacknowledged_reply();
    const UniqueFd copy(::dup(pair.server.get()));
    hand_over(pair);
    settle(1);
    const auto before = unacked_bytes(copy.get());
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
    EXPECT_EQ(1000U, only_record().fin_wait_2_ms());
    EXPECT_EQ(4000U, only_record().drain_ms());
}

}  // namespace
}  // namespace finwait
