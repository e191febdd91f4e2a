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

constexpr std::uint32_t kWaitMs = 15'000;

DrainState begun(const Policy& policy, std::uint32_t wait_ms = kWaitMs) {
    return {policy, wait_ms, kHalfClose};
}

// And the client has been asked whether it is there.
DrainState in_fin_wait_2(std::uint32_t total_ms, std::uint32_t idle_ms) {
    DrainState drain = begun(policy(total_ms, idle_ms));
    EXPECT_TRUE(drain.saw_unacked(0, kHalfClose));
    drain.began_probing(kHalfClose);
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
    const DrainState drain = begun(policy(2'000, 5'000));
    EXPECT_EQ(Timer::deadline, drain.timer_at(kHalfClose + 2s));
}

TEST(DrainState, AsksTcpBeforeItCallsAnUnacknowledgedCloseIdle) {
    const DrainState drain = begun(policy(30'000, 5'000));
    EXPECT_EQ(Timer::look, drain.timer_at(kHalfClose + 5s));
}

TEST(DrainState, ASlowReaderIsNotIdle) {
    DrainState drain = begun(policy(30'000, 5'000));
    drain.saw_unacked(100'000, kHalfClose);
    EXPECT_FALSE(drain.is_idle({90'000, 1s}, kHalfClose + 5s));
    EXPECT_EQ(kHalfClose + 4s + 5s, drain.next_timer());
}

TEST(DrainState, AClientThatOnlyAnswersWindowProbesIsIdle) {
    DrainState drain = begun(policy(30'000, 5'000));
    drain.saw_unacked(100'000, kHalfClose);
    EXPECT_TRUE(drain.is_idle({100'000, 1ms}, kHalfClose + 5s));
}

TEST(DrainState, AReaderThatStopsIsIdleOneTimeoutAfterItsLastAcknowledgement) {
    DrainState drain = begun(policy(30'000, 5'000));
    drain.saw_unacked(100'000, kHalfClose);
    ASSERT_FALSE(drain.is_idle({90'000, 2s}, kHalfClose + 5s));
    EXPECT_TRUE(drain.is_idle({90'000, 5s}, kHalfClose + 8s));
}

TEST(DrainState, TheAcknowledgementOfTheFinIsProgress) {
    DrainState drain = begun(policy(30'000, 5'000));
    ASSERT_FALSE(drain.saw_unacked(1, kHalfClose));
    EXPECT_TRUE(drain.saw_unacked(0, kHalfClose + 3s));
    drain.began_probing(kHalfClose + 4s);
    EXPECT_EQ(kHalfClose + 8s, drain.next_timer());
    EXPECT_EQ(Timer::idle_timeout, drain.timer_at(kHalfClose + 8s));
}

TEST(DrainState, FinWait2BeginsOnce) {
    DrainState drain = in_fin_wait_2(30'000, 5'000);
    EXPECT_FALSE(drain.saw_unacked(0, kHalfClose + 1s));
    EXPECT_EQ(Time(4s), drain.fin_wait_2_time(kHalfClose + 4s));
}

TEST(DrainState, FinWait2TimeIsZeroBeforeTheFinIsAcknowledged) {
    DrainState drain = begun(policy(30'000, 5'000));
    drain.saw_unacked(1, kHalfClose);
    EXPECT_EQ(Time::zero(), drain.fin_wait_2_time(kHalfClose + 4s));
}

TEST(DrainState, TheFirstLookAloneIsNoProgress) {
    DrainState drain = begun(policy(30'000, 5'000));
    drain.saw_unacked(5'000, kHalfClose + 1s);
    EXPECT_EQ(kHalfClose + 5s, drain.next_timer());
}

TEST(DrainState, AFinFoundAcknowledgedWasSoSinceTheHalfClose) {
    DrainState drain = begun(policy(30'000, 5'000));
    EXPECT_TRUE(drain.saw_unacked(0, kHalfClose + 1s));
    drain.began_probing(kHalfClose + 1s);
    EXPECT_EQ(kHalfClose + 5s, drain.next_timer());
    EXPECT_EQ(Time(3s), drain.fin_wait_2_time(kHalfClose + 3s));
}

TEST(DrainState, ReceivesAtMostOneByteOverTheLimit) {
    Policy limited = policy(30'000, 5'000);
    limited.drain_limit_bytes = 10;
    DrainState drain = begun(limited);
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
    DrainState drain = begun(policy(30'000, 5'000));
    drain.received(std::uint64_t{1} << 60, kHalfClose);
    EXPECT_FALSE(drain.is_over_limit());
    EXPECT_EQ(1'000U, drain.receive_max(1'000));
}

TEST(DrainState, LongestTimeoutsDoNotOverflow) {
    const DrainState drain = begun(policy(UINT32_MAX, UINT32_MAX));
    EXPECT_EQ(kHalfClose + UINT32_MAX * 1ms, drain.next_timer());
}

TEST(DrainOfError, TellsAResetFromTheKernelGivingUp) {
    EXPECT_EQ(Drain::reset, drain_of_error(ECONNRESET));
    EXPECT_EQ(Drain::reset, drain_of_error(EPIPE));
    EXPECT_EQ(Drain::idle_timeout, drain_of_error(ETIMEDOUT));
    EXPECT_EQ(Drain::idle_timeout, drain_of_error(EHOSTUNREACH));
}

TEST(DrainState, AsksAClientThatIsSilentInFinWait2AfterASecond) {
    DrainState drain = begun(policy(30'000, 5'000));
    EXPECT_EQ(kHalfClose + 5s, drain.next_timer());  // in FIN_WAIT_1 nobody can be asked
    ASSERT_TRUE(drain.saw_unacked(0, kHalfClose));
    EXPECT_EQ(kHalfClose + kProbeAfter, drain.next_timer());
    EXPECT_EQ(Timer::wait, drain.timer_at(kHalfClose + kProbeAfter - 1ns));
    EXPECT_EQ(Timer::probe, drain.timer_at(kHalfClose + kProbeAfter));
    drain.began_probing(kHalfClose + kProbeAfter);
    EXPECT_EQ(kHalfClose + 5s, drain.next_timer());
}

TEST(DrainState, ALimitBeforeTheFirstProbeIsNotPutOff) {
    DrainState drain = begun(policy(500, 5'000));
    ASSERT_TRUE(drain.saw_unacked(0, kHalfClose));
    EXPECT_EQ(Timer::deadline, drain.timer_at(kHalfClose + 500ms));
}

TEST(DrainState, AProbeTellsOnlyWhenItWasSentAndAnsweredOrTwiceNot) {
    DrainState drain = begun(policy(30'000, 5'000));
    ASSERT_TRUE(drain.saw_unacked(0, kHalfClose));
    EXPECT_EQ(Probe::none, drain.probe({0, 2s, 0}, kHalfClose + 2s));
    drain.began_probing(kHalfClose + 1s);
    const Time now = kHalfClose + 3s;
    EXPECT_EQ(Probe::answered, drain.probe({0, 1s, 0}, now));
    EXPECT_EQ(Probe::answered, drain.probe({0, 2s, 0}, now));
    EXPECT_EQ(Probe::answered, drain.probe({0, 1s, 1}, now));  // one packet may be lost
    EXPECT_EQ(Probe::none, drain.probe({0, 3s, 0}, now));
    EXPECT_EQ(Probe::none, drain.probe({0, 3s, 1}, now));
    EXPECT_EQ(Probe::silent, drain.probe({0, 1s, 2}, now));
    EXPECT_EQ(Probe::silent, drain.probe({0, 3s, 3}, now));
}

TEST(DrainState, WaitsForFinWaitTimeoutAfterTheDrain) {
    DrainState drain = in_fin_wait_2(30'000, 5'000);
    EXPECT_FALSE(drain.is_waiting());
    drain.begin_waiting(kHalfClose + 5s);
    EXPECT_TRUE(drain.is_waiting());
    EXPECT_FALSE(drain.reads());
    EXPECT_EQ(kHalfClose + 20s, drain.next_timer());
    EXPECT_EQ(Timer::wait, drain.timer_at(kHalfClose + 20s - 1ns));
    EXPECT_EQ(Timer::wait_over, drain.timer_at(kHalfClose + 20s));
}

TEST(DrainState, WaitsInFinWait1ForFinWaitAckTimeoutWithoutProgress) {
    Policy limits = policy(30'000, 5'000);
    limits.ack_timeout_ms = 60'000;
    DrainState drain = begun(limits);
    drain.saw_unacked(100'000, kHalfClose);
    drain.begin_waiting(kHalfClose + 5s);
    EXPECT_EQ(kHalfClose + 60s, drain.next_timer());
    ASSERT_EQ(Timer::look, drain.timer_at(kHalfClose + 60s));
    EXPECT_FALSE(drain.is_idle({90'000, 10s}, kHalfClose + 60s)) << "it reads slowly";
    EXPECT_EQ(kHalfClose + 110s, drain.next_timer());
    EXPECT_TRUE(drain.is_idle({90'000, 1s}, kHalfClose + 110s)) << "it answers window probes";
}

TEST(DrainState, WaitsInFinWait1AsLongAsTheKernelWould) {
    DrainState drain = begun(policy(30'000, 5'000), 0);
    drain.begin_waiting(kHalfClose + 5s);
    EXPECT_EQ(kHalfClose + std::chrono::milliseconds(kKernelsAckTimeoutMs), drain.next_timer());
}

TEST(DrainState, IsNotIdleWhereTheLookFindsAnOldAcknowledgement) {
    DrainState drain = begun(policy(30'000, 5'000));
    drain.saw_unacked(1, kHalfClose);
    drain.begin_waiting(kHalfClose + 5s);
    EXPECT_FALSE(drain.is_idle({0, 1s}, kHalfClose + 105s));
    EXPECT_EQ(Time(1s), drain.fin_wait_2_time(kHalfClose + 105s));
}

TEST(DrainState, AnAcknowledgementWhileItWaitsBeginsTheWaitAnew) {
    DrainState drain = begun(policy(30'000, 5'000));
    drain.saw_unacked(1, kHalfClose);
    drain.begin_waiting(kHalfClose + 5s);
    EXPECT_TRUE(drain.saw_unacked(0, kHalfClose + 10s));
    EXPECT_EQ(Timer::probe, drain.timer_at(kHalfClose + 11s));
    drain.began_probing(kHalfClose + 11s);
    EXPECT_EQ(kHalfClose + 25s, drain.next_timer());
}

TEST(OutcomeOfDrain, FollowsFromItsEnd) {
    EXPECT_EQ(Outcome::fin, outcome_of_drain(Drain::fin));
    EXPECT_EQ(Outcome::reset, outcome_of_drain(Drain::reset));
    EXPECT_EQ(Outcome::cut, outcome_of_drain(Drain::byte_limit));
    EXPECT_EQ(Outcome::unknown, outcome_of_drain(Drain::shed));
    EXPECT_EQ(Outcome::unknown, outcome_of_drain(Drain::stopping));
    // Where nothing is waited for: FinWaitTimeout 0.
    for (const Drain how : {Drain::idle_timeout, Drain::deadline})
        EXPECT_EQ(Outcome::cut, outcome_of_drain(how));
}

TEST(OutcomeOfError, TellsWhoIsGoneFromWhoNeverGotOurFin) {
    const DrainState unacked = begun(policy(30'000, 5'000));
    const DrainState acked = in_fin_wait_2(30'000, 5'000);
    for (const int error : {ECONNRESET, EPIPE}) {
        EXPECT_EQ(Outcome::reset, outcome_of_error(error, acked));
        EXPECT_EQ(Outcome::reset, outcome_of_error(error, unacked));
    }
    for (const int error : {ETIMEDOUT, EHOSTUNREACH}) {
        EXPECT_EQ(Outcome::vanished, outcome_of_error(error, acked));
        EXPECT_EQ(Outcome::unacked, outcome_of_error(error, unacked));
    }
}

}  // namespace
}  // namespace finwait
