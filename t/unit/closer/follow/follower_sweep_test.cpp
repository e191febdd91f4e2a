// SPDX-License-Identifier: Apache-2.0
//
// How the kernel is asked, and what its odd answers do.
#include <gtest/gtest.h>

#include "unit/closer/follow/follower_fixture.hpp"

namespace finwait {
namespace {

using namespace test;

class Sweeping : public FollowerTest {
  protected:
    static constexpr std::uint64_t kMany = kFewFollowed + 36;

    void close_many() {
        for (std::uint64_t cookie = 1; cookie <= kMany; ++cookie) close_in_fin_wait_2(cookie);
        diag->look_ups = 0;
    }
};

TEST_F(Sweeping, FewAreLookedUpOneByOne) {
    for (std::uint64_t cookie = 1; cookie <= kFewFollowed; ++cookie) close_in_fin_wait_2(cookie);
    diag->look_ups = 0;
    sample();
    EXPECT_EQ(0U, diag->sweeps);
    EXPECT_EQ(kFewFollowed, diag->look_ups);
}

TEST_F(Sweeping, ManyAreSweptAndOnlyWhatIsMissingIsLookedUp) {
    close_many();
    diag->sockets.erase(50);
    sample();
    EXPECT_EQ(1U, diag->sweeps);
    EXPECT_EQ(1U, diag->look_ups);
    EXPECT_EQ((std::vector<std::uint16_t>{80, 443}), diag->asked_ports);
    EXPECT_EQ(Outcome::reset, only_record().outcome);
    EXPECT_EQ(kMany - 1, follower.followed());
}

TEST_F(Sweeping, WhatASweepOverlooksIsStillFollowed) {
    close_many();
    diag->overlooked = 7;
    sample();
    EXPECT_EQ(1U, diag->look_ups);
    EXPECT_EQ(kMany, follower.followed());
}

TEST_F(Sweeping, IsOncePerIntervalAndOnlyWhileSomethingIsFollowed) {
    EXPECT_EQ(kNever, follower.due());
    close_many();
    EXPECT_EQ(now.monotonic + 1s, follower.due());
    sample(1s - 1ns);
    EXPECT_EQ(0U, diag->sweeps);
    sample(1ns);
    EXPECT_EQ(1U, diag->sweeps);
    EXPECT_EQ(now.monotonic + 1s, follower.due());
    diag->sockets.clear();
    sample();
    EXPECT_EQ(0U, follower.followed());
    EXPECT_EQ(kNever, follower.due());
}

TEST_F(Sweeping, ReadsOneBufferPerTurn) {
    close_many();
    diag->per_read = 10;
    pass(1s);
    follower.turn(now);
    for (std::size_t turns = 1; turns <= 5; ++turns) {
        follower.turn(now);
        EXPECT_EQ(turns, diag->reads);
        EXPECT_EQ(Time::zero(), follower.due()) << "at once, but not within this turn";
    }
}

TEST_F(Sweeping, LooksUpABoundedNumberPerTurn) {
    configure(10'000);
    for (std::uint64_t cookie = 1; cookie <= 1000; ++cookie) close_in_fin_wait_2(cookie);
    diag->sockets.clear();
    diag->look_ups = 0;
    pass(1s);
    follower.turn(now);  // begins
    follower.turn(now);  // reads
    follower.turn(now);
    EXPECT_EQ(kLookUpsPerTurn, diag->look_ups);
    follower.turn(now);
    EXPECT_EQ(2 * kLookUpsPerTurn, diag->look_ups);
    sample(0s);
    EXPECT_EQ(0U, follower.followed());
    EXPECT_EQ(1000U, kept().size());
}

TEST_F(Sweeping, ThatTakesLongerThanTheIntervalIsFollowedByAPauseAsLong) {
    close_many();
    diag->per_read = 10;
    pass(1s);
    follower.turn(now);
    const Time begin = now.monotonic;
    while (follower.due() == Time::zero()) {
        pass(200ms);
        follower.turn(now);
    }
    EXPECT_GT(now.monotonic - begin, 2s);
    EXPECT_EQ(now.monotonic + (now.monotonic - begin), follower.due());
}

TEST_F(Sweeping, AnInterruptedOneProvesPresenceAndIsBegunAgain) {
    close_many();
    diag->steps = {SweepStep::interrupted};
    sample();
    EXPECT_EQ(2U, diag->sweeps);
    EXPECT_EQ(0U, diag->look_ups) << "the second showed them all";
    EXPECT_EQ(kMany, follower.followed());
    EXPECT_EQ(1U, follower.stats().interrupted);
}

TEST_F(Sweeping, InterruptedAgainAndAgainItNeverProvesAbsence) {
    close_many();
    diag->sockets.erase(3);
    diag->steps = {SweepStep::interrupted, SweepStep::interrupted, SweepStep::interrupted};
    sample();
    EXPECT_EQ(static_cast<std::size_t>(kSweepAttemptsMax), diag->sweeps);
    EXPECT_EQ(kMany, diag->look_ups) << "each is asked for by itself";
    EXPECT_EQ(kMany - 1, follower.followed());
    EXPECT_EQ(Outcome::reset, only_record().outcome);
}

TEST_F(Sweeping, ALostReplyIsAskedForAgainWithALargerBuffer) {
    close_many();
    diag->buffer_grows = 2;
    diag->steps = {SweepStep::no_buffer, SweepStep::no_buffer};
    sample();
    EXPECT_EQ(3U, diag->sweeps);
    EXPECT_EQ(0U, diag->look_ups);
    diag->steps = {SweepStep::no_buffer};
    sample();
    EXPECT_EQ(4U, diag->sweeps) << "it is as large as it may be";
    EXPECT_EQ(kMany, diag->look_ups);
    EXPECT_EQ(kMany, follower.followed());
    EXPECT_TRUE(told().empty());
}

class Refused : public FollowerTest, public testing::WithParamInterface<int> {};

TEST_P(Refused, AtTheStartNothingIsFollowedAndOneNoticeSaysWhy) {
    configure(0);
    diag->open_error = GetParam();
    configure(1000);
    EXPECT_FALSE(follower.is_working());
    EXPECT_EQ(std::strerror(GetParam()), follower.why_not());
    close_in_fin_wait_2(1);
    close_in_fin_wait_1(2);
    ASSERT_EQ(2U, kept().size());
    EXPECT_EQ(Outcome::unknown, kept()[0].outcome);
    EXPECT_EQ(Outcome::unacked, kept()[1].outcome);
    const auto texts = told();
    ASSERT_EQ(1U, texts.size());
    EXPECT_NE(std::string::npos, texts[0].find(std::strerror(GetParam()))) << texts[0];
    EXPECT_NE(std::string::npos, texts[0].find("FinWaitMaxFollowed 0")) << texts[0];
}

INSTANTIATE_TEST_SUITE_P(Each, Refused,
                         testing::Values(EPERM, EACCES, EAFNOSUPPORT, EPROTONOSUPPORT, ENOENT));

TEST_F(Sweeping, RefusedLaterEndsFollowingAndWritesEveryRecord) {
    close_many();
    diag->sweep_error = EACCES;
    sample();
    EXPECT_FALSE(follower.is_working());
    EXPECT_EQ(kMany, kept().size());
    EXPECT_EQ(1U, told().size());
    close_in_fin_wait_2(kMany + 1);
    EXPECT_EQ(kMany + 1, kept().size());
    EXPECT_FALSE(follower.sweep_now(now.monotonic));
    EXPECT_EQ(kNever, follower.due());
    EXPECT_FALSE(follower.unattributed()) << "no longer known";
}

TEST_F(Sweeping, ARefusedLookUpDoesTheSame) {
    close_in_fin_wait_2(1);
    diag->look_up_error = EPERM;
    sample();
    EXPECT_FALSE(follower.is_working());
    expect_outcome(Outcome::unknown, 4000 + 1000);
    configure(1000);
    EXPECT_TRUE(follower.is_working()) << "a restart tries again";
}

TEST_F(Sweeping, ThatCannotBeBegunForNowIsReplacedByLookUps) {
    close_many();
    diag->sockets.erase(5);
    diag->sweep_error = EMFILE;
    sample();
    EXPECT_EQ(1U, diag->sweeps);
    EXPECT_EQ(kMany, diag->look_ups);
    EXPECT_EQ(kMany - 1, follower.followed());
    EXPECT_TRUE(follower.is_working());
    EXPECT_EQ(1U, follower.stats().failures);
    EXPECT_EQ(now.monotonic + 1s, follower.due());
}

TEST_F(Sweeping, ALookUpThatFailsForNowIsTriedAgainAtTheNextIntervalButNotForEver) {
    close_in_fin_wait_2(1);
    close_in_fin_wait_2(2);
    diag->look_ups = 0;
    diag->look_up_error = ENOBUFS;
    sample();
    EXPECT_TRUE(follower.is_working());
    EXPECT_EQ(1U, diag->look_ups);
    EXPECT_EQ(now.monotonic + 1s, follower.due());
    diag->look_up_error = 0;
    sample();
    EXPECT_EQ(2U, follower.followed());
    diag->look_up_error = ENOBUFS;
    for (int i = 0; i < kFailuresMax; ++i) {
        EXPECT_TRUE(follower.is_working());
        sample();
    }
    EXPECT_FALSE(follower.is_working());
    EXPECT_EQ(2U, kept().size());
    EXPECT_EQ(1U, told().size());
}

TEST_F(Sweeping, WhatASweepMayHaveMissedIsNotCounted) {
    const auto swept = [&] {
        pass(1s);
        EXPECT_FALSE(follower.sweep_now(now.monotonic));
        sample(0s);
        EXPECT_TRUE(follower.sweep_now(now.monotonic)) << "no page waits for another attempt";
        return follower.unattributed().has_value();
    };
    EXPECT_TRUE(swept());
    diag->steps.assign(kSweepAttemptsMax, SweepStep::interrupted);
    EXPECT_FALSE(swept());
    EXPECT_TRUE(swept());
    diag->sweep_error = EMFILE;
    EXPECT_FALSE(swept());
    diag->sweep_error = 0;
    EXPECT_TRUE(swept());
    follower.configure({1000, 1s, {}}, now);
    EXPECT_FALSE(swept()) << "the server's ports are not known";
}

TEST_F(Sweeping, OnDemandItCountsWhatIsNeitherHeldNorFollowed) {
    const auto add = [&](std::uint64_t cookie, TcpState state, std::uint16_t port) {
        diag->sockets[cookie] = kernel_socket(cookie, state, KernelTimer::time_wait, 9s);
        diag->sockets[cookie].id.local.port = port;
    };
    close_in_fin_wait_2(1);
    add(2, TcpState::fin_wait_2, 80);
    add(3, TcpState::fin_wait_2, 443);
    add(4, TcpState::fin_wait_1, 443);
    add(5, TcpState::fin_wait_2, 8080);  // another server's
    add(6, TcpState::fin_wait_2, 80);
    held.insert(6);
    add(7, TcpState::closing, 80);
    EXPECT_FALSE(follower.unattributed());
    EXPECT_FALSE(follower.sweep_now(now.monotonic));
    sample(0s);
    ASSERT_TRUE(follower.unattributed());
    EXPECT_EQ(2U, follower.unattributed()->fin_wait_2);
    EXPECT_EQ(1U, follower.unattributed()->fin_wait_1);
    EXPECT_EQ(1U, follower.unattributed()->closing);
    EXPECT_EQ(1U, diag->sweeps);
    pass(1s - 1ns);
    EXPECT_TRUE(follower.sweep_now(now.monotonic)) << "it is fresh for an interval";
    pass(1ns);
    EXPECT_FALSE(follower.sweep_now(now.monotonic));
    sample(0s);
    EXPECT_EQ(2U, diag->sweeps);
}

TEST_F(Sweeping, OnDemandItNeedsNothingFollowed) {
    EXPECT_FALSE(follower.sweep_now(now.monotonic));
    EXPECT_EQ(Time::zero(), follower.due());
    sample(0s);
    EXPECT_TRUE(follower.sweep_now(now.monotonic));
    EXPECT_EQ(kNever, follower.due());
}

TEST_F(Sweeping, AWalkBegunIsOfTheMomentTheKernelWasAsked) {
    close_many();
    pass(1s);
    follower.turn(now);  // the kernel fills the buffer now
    const Time asked = now.monotonic;
    pass(100ms);
    for (auto& [cookie, socket] : diag->sockets) socket.timer_left += 100ms;
    do {
        follower.turn(now);
    } while (follower.due() == Time::zero());
    diag->sockets.erase(1);
    pass(asked + 14s - now.monotonic);
    sample(0s);
    EXPECT_EQ(Outcome::kernel_timeout, only_record().outcome);
    EXPECT_EQ(4000U + 15'000U, only_record().fin_wait_2_ms);
}

}  // namespace
}  // namespace finwait
