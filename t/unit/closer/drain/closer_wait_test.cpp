// SPDX-License-Identifier: Apache-2.0
//
// What comes after the drain: a socket is held to its real end, and each end is told apart.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "closer/drain/tcp_socket.hpp"
#include "unit/closer/closer_fixture.hpp"

namespace finwait {
namespace {

using namespace test;

class CloserWaits : public CloserTest {
  protected:
    // Its client acknowledged our FIN, and its drain is over.
    TcpPair stuck() {
        policy.drain_idle_timeout_ms = 5000;
        TcpPair pair = loopback.half_closed();
        hand_over(pair);
        settle(closer->held() + 1);
        turn(5s);
        EXPECT_EQ(1U, closer->drainer().waiting());
        return pair;
    }
    void pass(Time time) {
        now.monotonic += time;
        now.realtime += time;
    }
};

TEST_F(CloserWaits, ForALateFin) {
    set_up();
    TcpPair pair = stuck();
    EXPECT_TRUE(records().empty());
    EXPECT_EQ(1U, read(counters->waiting[1]));
    pass(3s - kLogFlushDelay);
    pair.client.reset();
    turn_until_held(0);
    expect_only(Drain::idle_timeout, Outcome::late_fin);
    const Record record = only_record();
    EXPECT_EQ(5000U, record.drain_ms());
    EXPECT_EQ(8000U, record.fin_wait_2_ms());
    EXPECT_EQ(TcpState::fin_wait_2, record.state) << "at the drain's end";
    EXPECT_NE(0U, record.socket_cookie);
    EXPECT_EQ("python-requests/2.28.1", record.user_agent);
}

TEST_F(CloserWaits, ForAReset) {
    set_up();
    TcpPair pair = stuck();
    pass(4s);
    reset(pair.client);
    turn_until_held(0);
    expect_only(Drain::idle_timeout, Outcome::reset);
    EXPECT_EQ(9000U, only_record().fin_wait_2_ms());
}

TEST_F(CloserWaits, AndAnswersDataWithAReset) {
    set_up();
    TcpPair pair = stuck();
    pass(4s);
    send_bytes(pair.client, 10);
    turn_until_held(0);
    expect_only(Drain::idle_timeout, Outcome::reset);
    EXPECT_EQ(9000U, only_record().fin_wait_2_ms());
    EXPECT_EQ(0U, only_record().drained_bytes);
    pollfd state{pair.client.get(), 0, 0};
    ASSERT_EQ(1, ::poll(&state, 1, kPatienceMs));
    EXPECT_NE(0, state.revents & POLLHUP);
}

TEST_F(CloserWaits, ExactlyForFinWaitTimeout) {
    set_up();
    policy.wait_timeout_ms = 7001;
    const TcpPair pair = stuck();
    EXPECT_EQ(now.monotonic + 7001ms, closer->due());
    turn(7001ms - 1ns);
    EXPECT_EQ(1U, closer->held());
    turn(1ns);
    EXPECT_EQ(0U, closer->held());
    expect_only(Drain::idle_timeout, Outcome::timeout);
    EXPECT_EQ(12'001U, only_record().fin_wait_2_ms());
    EXPECT_EQ(Probe::answered, only_record().probe);
}

TEST_F(CloserWaits, AsLongAsTheKernelWouldWhereItIsTheKernels) {
    set_up();
    policy.wait_timeout_ms = Policy::kWaitKernel;
    TcpPair pair = loopback.connect();
    const auto kernels = std::chrono::milliseconds(wait_timeout_ms(pair.server.get(), policy));
    pair.half_close();
    pair.acknowledge_now();
    EXPECT_EVENTUALLY(tcp_state(pair.server), TCP_FIN_WAIT2);
    policy.drain_idle_timeout_ms = 5000;
    hand_over(pair);
    settle(1);
    turn(5s);
    EXPECT_EQ(now.monotonic + kernels, closer->due());
}

TEST_F(CloserWaits, NoLongerForWhoNeverAcknowledges) {
    set_up();
    policy.drain_idle_timeout_ms = 5000;
    TcpPair pair = with_unacknowledged_reply();
    const UniqueFd copy(::dup(pair.server.get()));
    hand_over(pair);
    settle(1);
    turn(5s);
    wait_for_an_acknowledgement();
    expect_only(Drain::idle_timeout, Outcome::unacked);
    EXPECT_EQ(0U, only_record().fin_wait_2_ms());
    EXPECT_EQ(Probe::none, only_record().probe) << "nobody can be asked in FIN_WAIT_1";
    linger abort{};
    socklen_t size = sizeof abort;
    ASSERT_EQ(0, ::getsockopt(copy.get(), SOL_SOCKET, SO_LINGER, &abort, &size));
    EXPECT_EQ(1, abort.l_onoff) << "nothing of it is left to the kernel";
}

TEST_F(CloserWaits, ForWhoReadsOnAfterTheDrain) {
    set_up();
    policy.ack_timeout_ms = 20'000;
    TcpPair pair = with_unacknowledged_reply();
    const UniqueFd copy(::dup(pair.server.get()));
    hand_over(pair);
    settle(1);
    turn(15s);
    ASSERT_EQ(1U, closer->drainer().waiting());
    const auto before = unacked_bytes(copy.get());
    std::array<char, 4096> bytes;
    while (unacked_bytes(copy.get()) == before)
        ASSERT_GT(::recv(pair.client.get(), bytes.data(), bytes.size(), 0), 0);
    await_full(copy);
    turn();
    turn(19s);
    EXPECT_EQ(1U, closer->held());
    turn(1s);
    expect_only(Drain::idle_timeout, Outcome::unacked);
}

TEST_F(CloserWaits, AnewFromTheAcknowledgementOfItsFin) {
    set_up();
    policy.drain_idle_timeout_ms = 5000;
    TcpPair pair = with_unacknowledged_reply();
    const UniqueFd copy(::dup(pair.server.get()));
    hand_over(pair);
    settle(1);
    turn(5s);
    ASSERT_EQ(1U, closer->drainer().waiting());
    pass(10s);
    ASSERT_EQ(0, end_seen_by(pair.client));
    turn_until([&] { return unacked_bytes(copy.get()) == 0; });
    turn();
    turn(14s);
    EXPECT_EQ(1U, closer->held());
    turn(1s);
    expect_only(Drain::idle_timeout, Outcome::timeout);
    EXPECT_EQ(15'000U, only_record().fin_wait_2_ms());
}

TEST_F(CloserWaits, NoLongerThanThereIsRoomTheLongestFirst) {
    set_up(2);
    Handoff handoff = sample();
    handoff.policy.drain_idle_timeout_ms = 1000;
    for (std::uint32_t i = 1; i <= 2; ++i) {
        TcpPair pair = loopback.half_closed();
        handoff.close.requests = i;
        hand_over(pair, handoff);
        settle(i);
        turn(1s);
        clients.push_back(std::move(pair.client));
    }
    ASSERT_EQ(2U, closer->drainer().waiting());
    TcpPair third = loopback.half_closed();
    hand_over(third);
    settle(2);
    const Record record = only_record();
    EXPECT_EQ(1U, record.requests);
    EXPECT_EQ(Drain::idle_timeout, record.drain) << "stuck already: its evidence stays";
    EXPECT_EQ(Outcome::unknown, record.outcome);
    EXPECT_EQ(1U, read(counters->shed));
}

TEST_F(CloserWaits, NotWhenTheServerStops) {
    set_up();
    const TcpPair pair = stuck();
    tell_finish(0);
    turn();
    EXPECT_TRUE(closer->is_done());
    expect_only(Drain::idle_timeout, Outcome::unknown);
}

TEST_F(CloserWaits, NotWhenTheServerStopsGracefullyButForTheDrains) {
    set_up();
    const TcpPair pair = stuck();
    TcpPair second = loopback.half_closed();
    hand_over(second);
    settle(2);
    tell_finish(kGraceUnbounded);
    turn(1s);
    EXPECT_FALSE(closer->is_done());
    EXPECT_EQ(1U, closer->drainer().waiting());
    second.client.reset();
    turn_until([&] { return closer->is_done(); });
    EXPECT_EQ(2U, records().size());
}

TEST_F(CloserWaits, ToTheEndWhenItIsReplaced) {
    set_up();
    TcpPair pair = stuck();
    child.reset();
    turn();
    EXPECT_FALSE(closer->is_done());
    reset(pair.client);
    turn_until([&] { return closer->is_done(); });
    expect_only(Drain::idle_timeout, Outcome::reset);
}

TEST_F(CloserWaits, AndWhatItsPredecessorHeldIsLost) {
    set_up();
    const TcpPair pair = stuck();
    start();
    EXPECT_EQ(1U, read(counters->lost));
    EXPECT_EQ(0U, read(counters->waiting[1]));
}

}  // namespace
}  // namespace finwait
