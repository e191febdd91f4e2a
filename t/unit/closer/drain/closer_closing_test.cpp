// SPDX-License-Identifier: Apache-2.0
//
// CLOSING: the client has closed, too, and not yet acknowledged all of ours. It is held until it
// has.
#include <gtest/gtest.h>

#include "unit/closer/closer_fixture.hpp"

namespace finwait {
namespace {

using namespace test;

class CloserCloses : public CloserTest {
  protected:
    TcpPair closing(Time since_half_close = {}) {
        TcpPair pair = with_unacknowledged_reply();
        EXPECT_EQ(0, ::shutdown(pair.client.get(), SHUT_WR));
        EXPECT_EVENTUALLY(tcp_state(pair.server), TCP_CLOSING);
        hand_over(pair);
        now.monotonic += since_half_close;
        settle(1);
        EXPECT_EQ(1U, closer->drainer().waiting());
        return pair;
    }
};

TEST_F(CloserCloses, WhenTheClientHasReadToTheEnd) {
    for (const Time late : {Time::zero(), Time(10ms)}) {
        set_up();
        const TcpPair pair = closing(late);
        turn(60s);
        EXPECT_EQ(sent, read_to_end(pair.client).first);
        turn_until_held(0);
        const Record record = records().back();
        EXPECT_EQ(Drain::fin, record.drain);
        EXPECT_EQ(Outcome::fin, record.outcome);
        EXPECT_EQ(TcpState::closing, record.state);
        EXPECT_EQ(0U, record.fin_wait_2_ms());
    }
}

TEST_F(CloserCloses, WhenTheClientDoesNotReadToTheEnd) {
    set_up();
    const TcpPair pair = closing();
    wait_for_an_acknowledgement();
    expect_only(Drain::fin, Outcome::unacked);
}

TEST_F(CloserCloses, WhenTheClientGoes) {
    set_up();
    TcpPair pair = closing();
    reset(pair.client);
    turn_until_held(0);
    expect_only(Drain::fin, Outcome::reset);
}

TEST_F(CloserCloses, AtOnceWhenTheServerStops) {
    set_up();
    const TcpPair pair = closing();
    tell_finish(0);
    turn();
    EXPECT_TRUE(closer->is_done());
    expect_only(Drain::fin, Outcome::unknown);
}

TEST_F(CloserCloses, AlsoAfterTheDrain) {
    set_up();
    policy.drain_idle_timeout_ms = 5000;
    TcpPair pair = with_unacknowledged_reply();
    const UniqueFd copy(::dup(pair.server.get()));
    hand_over(pair);
    settle(1);
    turn(5s);
    ASSERT_EQ(0, ::shutdown(pair.client.get(), SHUT_WR));
    turn_until([&] { return tcp_state(copy) == TCP_CLOSING; });
    turn();
    EXPECT_EQ(1U, closer->drainer().waiting());
    EXPECT_EQ(sent, read_to_end(pair.client).first);
    turn_until_held(0);
    expect_only(Drain::idle_timeout, Outcome::late_fin);
}

}  // namespace
}  // namespace finwait
