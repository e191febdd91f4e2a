// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/drain_state.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace finwait {
namespace {

using namespace std::chrono_literals;
using Timer = DrainState::Timer;

constexpr Time kHalfClose = 100s;

Policy policy(std::uint32_t total_ms, std::uint32_t idle_ms) {
    Policy result;
    result.drain_timeout_ms = total_ms;
    result.drain_idle_timeout_ms = idle_ms;
    return result;
}

DrainState in_fin_wait_2(std::uint32_t total_ms, std::uint32_t idle_ms) {
    DrainState drain(policy(total_ms, idle_ms), kHalfClose);
    EXPECT_TRUE(drain.saw_unacked(0, kHalfClose));
    return drain;
}

TEST(DrainState, IsIdleExactlyAtTheIdleTimeout) {
    const DrainState drain = in_fin_wait_2(30'000, 5'000);
    EXPECT_EQ(kHalfClose + 5s, drain.next_timer());
    EXPECT_EQ(Timer::wait, drain.timer_at(kHalfClose + 5s - 1ns));
    EXPECT_EQ(Timer::idle_timeout, drain.timer_at(kHalfClose + 5s));
}

TEST(DrainState, ReceivedBytesPutTheIdleTimeoutOff) {
    DrainState drain = in_fin_wait_2(30'000, 5'000);
    drain.received(1, kHalfClose + 4s);
    EXPECT_EQ(Timer::wait, drain.timer_at(kHalfClose + 5s));
    EXPECT_EQ(kHalfClose + 9s, drain.next_timer());
    EXPECT_EQ(1U, drain.drained_bytes());
}

TEST(DrainState, TheDeadlineComesWhateverArrives) {
    DrainState drain = in_fin_wait_2(10'000, 5'000);
    for (int second = 1; second < 10; ++second) drain.received(1, kHalfClose + second * 1s);
    EXPECT_EQ(kHalfClose + 10s, drain.next_timer());
    EXPECT_EQ(Timer::wait, drain.timer_at(kHalfClose + 10s - 1ns));
    EXPECT_EQ(Timer::deadline, drain.timer_at(kHalfClose + 10s));
}

TEST(DrainState, TheDeadlineHoldsInFinWait1) {
    const DrainState drain(policy(2'000, 5'000), kHalfClose);
    EXPECT_EQ(Timer::deadline, drain.timer_at(kHalfClose + 2s));
}

TEST(DrainState, AsksTcpBeforeItCallsAnUnacknowledgedCloseIdle) {
    const DrainState drain(policy(30'000, 5'000), kHalfClose);
    EXPECT_EQ(Timer::look, drain.timer_at(kHalfClose + 5s));
}

TEST(DrainState, ASlowReaderIsNotIdle) {
    DrainState drain(policy(30'000, 5'000), kHalfClose);
    drain.saw_unacked(100'000, kHalfClose);
    EXPECT_FALSE(drain.is_idle({90'000, 1s}, kHalfClose + 5s));
    EXPECT_EQ(kHalfClose + 4s + 5s, drain.next_timer());
}

TEST(DrainState, AClientThatOnlyAnswersWindowProbesIsIdle) {
    DrainState drain(policy(30'000, 5'000), kHalfClose);
    drain.saw_unacked(100'000, kHalfClose);
    EXPECT_TRUE(drain.is_idle({100'000, 1ms}, kHalfClose + 5s));
}

TEST(DrainState, AReaderThatStopsIsIdleOneTimeoutAfterItsLastAcknowledgement) {
    DrainState drain(policy(30'000, 5'000), kHalfClose);
    drain.saw_unacked(100'000, kHalfClose);
    ASSERT_FALSE(drain.is_idle({90'000, 2s}, kHalfClose + 5s));
    EXPECT_TRUE(drain.is_idle({90'000, 5s}, kHalfClose + 8s));
}

TEST(DrainState, TheAcknowledgementOfTheFinIsProgress) {
    DrainState drain(policy(30'000, 5'000), kHalfClose);
    ASSERT_FALSE(drain.saw_unacked(1, kHalfClose));
    EXPECT_TRUE(drain.saw_unacked(0, kHalfClose + 3s));
    EXPECT_EQ(kHalfClose + 8s, drain.next_timer());
    EXPECT_EQ(Timer::idle_timeout, drain.timer_at(kHalfClose + 8s));
}

TEST(DrainState, FinWait2BeginsOnce) {
    DrainState drain = in_fin_wait_2(30'000, 5'000);
    EXPECT_FALSE(drain.saw_unacked(0, kHalfClose + 1s));
    EXPECT_EQ(Time(4s), drain.fin_wait_2_time(kHalfClose + 4s));
}

TEST(DrainState, FinWait2TimeIsZeroBeforeTheFinIsAcknowledged) {
    DrainState drain(policy(30'000, 5'000), kHalfClose);
    drain.saw_unacked(1, kHalfClose);
    EXPECT_EQ(Time::zero(), drain.fin_wait_2_time(kHalfClose + 4s));
}

TEST(DrainState, TheFirstLookAloneIsNoProgress) {
    DrainState drain(policy(30'000, 5'000), kHalfClose);
    drain.saw_unacked(5'000, kHalfClose + 1s);
    EXPECT_EQ(kHalfClose + 5s, drain.next_timer());
}

TEST(DrainState, AFinFoundAcknowledgedWasSoSinceTheHalfClose) {
    DrainState drain(policy(30'000, 5'000), kHalfClose);
    EXPECT_TRUE(drain.saw_unacked(0, kHalfClose + 1s));
    EXPECT_EQ(kHalfClose + 5s, drain.next_timer());
    EXPECT_EQ(Time(3s), drain.fin_wait_2_time(kHalfClose + 3s));
}

TEST(DrainState, ReceivesAtMostOneByteOverTheLimit) {
    Policy limited = policy(30'000, 5'000);
    limited.drain_limit_bytes = 10;
    DrainState drain(limited, kHalfClose);
    EXPECT_EQ(11U, drain.receive_max(1'000));
    drain.received(4, kHalfClose);
    EXPECT_EQ(7U, drain.receive_max(1'000));
    EXPECT_EQ(3U, drain.receive_max(3));
    drain.received(6, kHalfClose);
    EXPECT_FALSE(drain.is_over_limit());
    EXPECT_EQ(1U, drain.receive_max(1'000));
    drain.received(1, kHalfClose);
    EXPECT_TRUE(drain.is_over_limit());
}

TEST(DrainState, UnlimitedIsNeverOverTheLimit) {
    DrainState drain(policy(30'000, 5'000), kHalfClose);
    drain.received(std::uint64_t{1} << 60, kHalfClose);
    EXPECT_FALSE(drain.is_over_limit());
    EXPECT_EQ(1'000U, drain.receive_max(1'000));
}

TEST(DrainState, LongestTimeoutsDoNotOverflow) {
    const DrainState drain(policy(UINT32_MAX, UINT32_MAX), kHalfClose);
    EXPECT_EQ(kHalfClose + UINT32_MAX * 1ms, drain.next_timer());
}

TEST(DrainOfError, TellsAResetFromTheKernelGivingUp) {
    EXPECT_EQ(Drain::reset, drain_of_error(ECONNRESET));
    EXPECT_EQ(Drain::reset, drain_of_error(EPIPE));
    EXPECT_EQ(Drain::idle_timeout, drain_of_error(ETIMEDOUT));
    EXPECT_EQ(Drain::idle_timeout, drain_of_error(EHOSTUNREACH));
}

struct OutcomeCase {
    Drain how;
    int error;
    TcpState state;
    bool resets;
    Outcome outcome;
};

TEST(OutcomeOf, FollowsFromDrainAndState) {
    const OutcomeCase cases[] = {
        {Drain::fin, 0, TcpState::closed, false, Outcome::fin},
        {Drain::reset, ECONNRESET, TcpState::closed, false, Outcome::reset},
        {Drain::idle_timeout, 0, TcpState::fin_wait_2, false, Outcome::unknown},
        {Drain::idle_timeout, 0, TcpState::fin_wait_2, true, Outcome::cut},
        {Drain::deadline, 0, TcpState::fin_wait_2, false, Outcome::unknown},
        {Drain::deadline, 0, TcpState::fin_wait_2, true, Outcome::cut},
        {Drain::idle_timeout, 0, TcpState::fin_wait_1, false, Outcome::unacked},
        {Drain::deadline, 0, TcpState::fin_wait_1, true, Outcome::unacked},
        {Drain::deadline, 0, TcpState::closing, false, Outcome::unacked},
        {Drain::idle_timeout, ETIMEDOUT, TcpState::closed, false, Outcome::unacked},
        {Drain::byte_limit, 0, TcpState::fin_wait_2, false, Outcome::cut},
        {Drain::shed, 0, TcpState::fin_wait_1, false, Outcome::cut},
        {Drain::stopping, 0, TcpState::fin_wait_2, false, Outcome::cut},
    };
    for (const OutcomeCase& c : cases)
        EXPECT_EQ(c.outcome, outcome_of(c.how, c.error, c.state, c.resets))
            << name_of(c.how) << ' ' << name_of(c.state);
}

}  // namespace
}  // namespace finwait
