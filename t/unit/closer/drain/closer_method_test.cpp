// SPDX-License-Identifier: Apache-2.0
//
// FinWaitMethod: what each leaves to the client, and what the Record says of it.
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <string>

#include "unit/closer/closer_fixture.hpp"

namespace finwait {
namespace {

using namespace test;

class CloserMethods : public CloserTest {
  protected:
    void use(Method method) {
        set_up();
        policy.method = method;
        policy.drain_timeout_ms = 20'000;
        policy.drain_idle_timeout_ms = 10'000;
    }
    // Behind our FIN, which recv() goes on telling: both directions are over.
    static void expect_reset(const UniqueFd& client) {
        pollfd state{client.get(), 0, 0};
        EXPECT_EQ(1, ::poll(&state, 1, kPatienceMs));
        EXPECT_NE(0, state.revents & POLLHUP);
    }
};

TEST_F(CloserMethods, CloseReadsNothingAndLeavesTheRestToTheKernel) {
    use(Method::close);
    TcpPair pair = with_unacknowledged_reply();
    hand_over(pair);
    turn();
    turn();
    EXPECT_EQ(1U, closer->drainer().waiting());
    EXPECT_EQ(std::pair(sent, 0), read_to_end(pair.client));
    pair.client.reset();
    turn_until_held(0);
    expect_only(Drain::none, Outcome::late_fin);
    EXPECT_EQ(0U, only_record().drain_ms());
}

TEST_F(CloserMethods, CloseOnUnreadBytesIsAReset) {
    use(Method::close);
    TcpPair pair = loopback.half_closed();
    send_bytes(pair.client, 10);
    await(pair.server, POLLIN);
    hand_over(pair);
    turn();
    turn();
    expect_only(Drain::none, Outcome::method);
    expect_reset(pair.client);
    EXPECT_EQ(0U, only_record().drained_bytes);
}

TEST_F(CloserMethods, CloseKnowsWhoHasClosed) {
    use(Method::close);
    TcpPair pair = loopback.half_closed();
    pair.client.reset();
    await(pair.server, POLLRDHUP);
    hand_over(pair);
    turn();
    turn();
    expect_only(Drain::fin, Outcome::fin);
}

TEST_F(CloserMethods, SoLingerWaitsForTheAcknowledgementsAndNeverReads) {
    use(Method::solinger);
    TcpPair pair = with_unacknowledged_reply();
    const UniqueFd copy(::dup(pair.server.get()));
    hand_over(pair);
    settle(1);
    EXPECT_EQ(1U, closer->held());
    EXPECT_EQ(std::pair(sent, 0), read_to_end(pair.client));
    turn_until([&] { return closer->drainer().waiting() == 1; });
    wait_to_the_end();
    expect_only(Drain::none, Outcome::timeout);
    EXPECT_EQ(TcpState::fin_wait_2, only_record().state);
}

TEST_F(CloserMethods, SoLingerLeavesWhatTheClientSendsUnread) {
    use(Method::solinger);
    TcpPair pair = with_unacknowledged_reply();
    const UniqueFd copy(::dup(pair.server.get()));
    hand_over(pair);
    settle(1);
    send_bytes(pair.client, 1000);
    pollfd readable{copy.get(), POLLIN, 0};
    ASSERT_EQ(1, ::poll(&readable, 1, kPatienceMs));
    for (int i = 0; i < 5; ++i) turn();
    int unread = 0;
    ASSERT_EQ(0, ::ioctl(copy.get(), FIONREAD, &unread));
    EXPECT_EQ(1000, unread);
    EXPECT_EQ(1U, closer->held());
    turn(20s);
    turn_until_held(0);
    expect_only(Drain::deadline, Outcome::method);
}

TEST_F(CloserMethods, SoLingerEndsWhenItsTimeHasRunOut) {
    use(Method::solinger);
    TcpPair pair = with_unacknowledged_reply();
    hand_over(pair);
    settle(1);
    turn(10s);
    EXPECT_EQ(0U, closer->drainer().draining());
    wait_for_an_acknowledgement();
    expect_only(Drain::idle_timeout, Outcome::unacked);
}

TEST_F(CloserMethods, ResetWaitsUntilTheClientHasTheReply) {
    use(Method::reset);
    TcpPair pair = with_unacknowledged_reply();
    hand_over(pair);
    settle(1);
    EXPECT_EQ(1U, closer->held());
    const auto [got, end] = read_to_end(pair.client);
    EXPECT_EQ(sent, got);
    turn_until_held(0);
    expect_only(Drain::none, Outcome::method);
    expect_reset(pair.client);
}

TEST_F(CloserMethods, ResetReadsWhatComesMeanwhile) {
    use(Method::reset);
    TcpPair pair = with_unacknowledged_reply();
    hand_over(pair);
    settle(1);
    send_bytes(pair.client, 1000);
    EXPECT_EQ(sent, read_to_end(pair.client).first);
    turn_until_held(0);
    expect_only(Drain::none, Outcome::method);
    EXPECT_EQ(1000U, only_record().drained_bytes);
}

TEST_F(CloserMethods, ResetComesAtTheDeadlineAtTheLatest) {
    use(Method::reset);
    TcpPair pair = with_unacknowledged_reply();
    hand_over(pair);
    settle(1);
    turn(20s);
    EXPECT_EQ(0U, closer->held());
    expect_only(Drain::deadline, Outcome::method);
    EXPECT_EQ(ECONNRESET, read_to_end(pair.client).second);
}

TEST_F(CloserMethods, AClientThatClosesFirstIsAnOrdinaryEnd) {
    for (const Method method : {Method::solinger, Method::reset}) {
        use(method);
        TcpPair pair = with_unacknowledged_reply();
        hand_over(pair);
        settle(1);
        reset(pair.client);
        turn_until_held(0);
        EXPECT_EQ(Outcome::reset, records().back().outcome) << name_of(method);
    }
}

}  // namespace
}  // namespace finwait
