// SPDX-License-Identifier: Apache-2.0
//
// A closer that follows what it has closed: the way of a close from the drain to the Record.
#include <gtest/gtest.h>

#include "closer/drain/tcp_socket.hpp"
#include "unit/closer/closer_fixture.hpp"
#include "unit/closer/follow/fake_diag.hpp"

namespace finwait {
namespace {

using namespace test;

class CloserFollows : public CloserTest {
  protected:
    void SetUp() override {
        CloserTest::SetUp();
        start_following();
    }

    void start_following() {
        auto [control, parent_end] = seqpacket_pair();
        parent = std::move(parent_end);
        diag = new FakeDiag;
        closer = std::make_unique<Closer>(
            CloserDescriptors{one_lane(UniqueFd(::dup(channel.get()))), std::move(control), {}, {}},
            *counters, 1, kDescriptors, std::unique_ptr<SockDiag>(diag));
        Control setup;
        setup.kind = ControlKind::setup;
        setup.max_draining = 1000;
        setup.max_followed = 1000;
        setup.sample_interval_ms = 500;
        setup.port_count = 1;
        setup.ports[0] = 80;
        tell(setup);
        Control open;
        open.kind = ControlKind::log_open;
        open.text = "test";
        tell(open, {log.get()});
        turn();
    }

    // A silent client's drain ends by its idle timeout; the fake kernel keeps its socket.
    TcpPair give_up_a_silent_client() {
        policy.drain_idle_timeout_ms = 5000;
        TcpPair pair = loopback.half_closed();
        DiagSocket kept;
        kept.id = socket_id(pair.server.get());
        kept.state = TcpState::fin_wait_2;
        kept.timer = KernelTimer::time_wait;
        kept.timer_left = 15s;
        diag->sockets[kept.id.cookie] = kept;
        hand_over(pair);
        settle(1);
        EXPECT_TRUE(records().empty());
        turn(5s);
        EXPECT_EQ(0U, closer->held());
        return pair;
    }

    FakeDiag* diag = nullptr;  // the closer's
};

TEST_F(CloserFollows, ASilentClientsRecordComesAtItsEnd) {
    const TcpPair pair = give_up_a_silent_client();
    EXPECT_EQ(1U, read(counters->followed[1]));
    EXPECT_EQ(0U, read(counters->records));
    EXPECT_EQ(now.monotonic + 500ms, closer->due());
    diag->sockets.begin()->second.state = TcpState::time_wait;
    diag->sockets.begin()->second.timer_left = 60s;
    turn(500ms);
    turn();
    expect_only(Drain::idle_timeout, Outcome::late_fin);
    EXPECT_EQ(0U, read(counters->followed[1]));
    EXPECT_EQ("python-requests/2.28.1", only_record().user_agent);
}

TEST_F(CloserFollows, WhatTheClientEndedIsNotFollowed) {
    TcpPair closes = loopback.half_closed();
    TcpPair resets = loopback.half_closed();
    hand_over(closes);
    hand_over(resets);
    settle(2);
    closes.client.reset();
    reset(resets.client);
    turn_until_held(0);
    EXPECT_EQ(0U, diag->look_ups);
    EXPECT_EQ(2U, records().size());
}

TEST_F(CloserFollows, WithFinWaitTimeout0NothingIsLeftToFollow) {
    policy.linger2_s = 0;
    policy.drain_idle_timeout_ms = 5000;
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    turn(5s);
    EXPECT_EQ(0U, diag->look_ups);
    expect_only(Drain::idle_timeout, Outcome::cut);
}

TEST_F(CloserFollows, AStopWritesEveryRecordAtOnce) {
    const TcpPair pair = give_up_a_silent_client();
    tell_finish(0);
    turn();
    EXPECT_TRUE(closer->is_done());
    expect_only(Drain::idle_timeout, Outcome::unknown);
}

TEST_F(CloserFollows, AGracefulStopWaitsForDrainsAndNotForTheKernel) {
    const TcpPair first = give_up_a_silent_client();
    TcpPair second = loopback.half_closed();
    hand_over(second);
    settle(1);
    tell_finish(kGraceUnbounded);
    turn(1s);
    EXPECT_FALSE(closer->is_done());
    EXPECT_EQ(1U, read(counters->followed[1]));
    second.client.reset();
    turn_until([&] { return closer->is_done(); });
    EXPECT_EQ(2U, records().size());
}

TEST_F(CloserFollows, AReplacedCloserFollowsToTheEnd) {
    const TcpPair pair = give_up_a_silent_client();
    child.reset();
    turn();
    EXPECT_FALSE(closer->is_done());
    diag->sockets.clear();
    turn(500ms);
    turn();
    EXPECT_TRUE(closer->is_done());
    expect_only(Drain::idle_timeout, Outcome::reset);
}

TEST_F(CloserFollows, WhatItsPredecessorFollowedIsLost) {
    const TcpPair pair = give_up_a_silent_client();
    start_following();
    EXPECT_EQ(1U, read(counters->lost));
    EXPECT_EQ(0U, read(counters->followed[1]));
}

TEST_F(CloserFollows, WhatIsHeldIsNotUnattributed) {
    TcpPair pair = loopback.half_closed();
    DiagSocket held;
    held.id = socket_id(pair.server.get());
    held.id.local.port = 80;
    held.state = TcpState::fin_wait_2;
    DiagSocket foreign = held;
    foreign.id.cookie += 1'000'000;
    diag->sockets[held.id.cookie] = held;
    diag->sockets[foreign.id.cookie] = foreign;
    hand_over(pair);
    settle(1);
    EXPECT_FALSE(closer->follower().sweep_now(now.monotonic));
    for (int i = 0; i < 4; ++i) turn();
    ASSERT_TRUE(closer->follower().unattributed());
    EXPECT_EQ(1U, closer->follower().unattributed()->fin_wait_2);
}

TEST_F(CloserFollows, ARefusalIsToldToTheParent) {
    const TcpPair pair = give_up_a_silent_client();
    diag->look_up_error = EACCES;
    turn(500ms);
    turn();
    const auto texts = notices();
    ASSERT_EQ(1U, texts.size());
    EXPECT_NE(std::string::npos, texts[0].find("Permission denied")) << texts[0];
    expect_only(Drain::idle_timeout, Outcome::unknown);
}

}  // namespace
}  // namespace finwait
