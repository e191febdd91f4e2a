// SPDX-License-Identifier: Apache-2.0
//
// Each way to the closer's end: told to finish, or every sender gone.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "unit/closer/closer_fixture.hpp"
#include "unit/closer/log/log_readers.hpp"

namespace finwait {
namespace {

using namespace test;

using CloserLife = CloserTest;

TEST_F(CloserLife, FinishNowTakesWhatIsQueuedAndStopsEveryDrain) {
    set_up();
    TcpPair held = loopback.half_closed();
    hand_over(held);
    settle(1);
    std::vector<TcpPair> queued;
    for (int i = 0; i < 70; ++i) {
        queued.push_back(loopback.half_closed());
        hand_over(queued.back());
    }
    tell_finish(0);
    turn_until([&] { return closer->is_done(); });
    EXPECT_EQ(71U, read(counters->received));
    EXPECT_EQ(71U, read(counter_of(counters->drains, Drain::stopping)));
    EXPECT_EQ(71U, read(counter_of(counters->outcomes, Outcome::unknown)));
    EXPECT_EQ(71U, records().size());
}

TEST_F(CloserLife, AtAStopAReaderThatKeepsUpGetsEveryRecord) {
    auto [reader, writer] = make_pipe();
    log = std::move(writer);
    set_up(5000);
    constexpr std::size_t kHeld = 2000;  // more lines than pipe and buffer take
    const std::string user_agent(kUserAgentMax, 'u');
    std::vector<UniqueFd> silent;
    for (std::size_t i = 0; i < kHeld; ++i) {
        TcpPair pair = loopback.half_closed();
        Handoff handoff = sample();
        handoff.close.user_agent = user_agent;
        hand_over(pair, handoff);
        silent.push_back(std::move(pair.client));
        if (i % 50 == 0) turn();
    }
    turn_until_held(kHeld);
    tell_finish(0);
    std::string text;
    turn_until([&] {
        text += read_available(reader);
        return closer->is_done();
    });
    text += read_available(reader);
    EXPECT_EQ(kHeld, static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
    EXPECT_EQ(kHeld, read(counters->records));
    EXPECT_EQ(0U, read(counters->dropped));
}

TEST_F(CloserLife, FinishNowStillSeesAFinThatIsThere) {
    set_up();
    TcpPair pair = loopback.half_closed();
    pair.client.reset();
    await(pair.server, POLLRDHUP);
    hand_over(pair);
    tell_finish(0);
    turn();
    EXPECT_TRUE(closer->is_done());
    expect_only(Drain::fin, Outcome::fin);
}

TEST_F(CloserLife, FinishWithGraceWaitsForTheClient) {
    set_up();
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    tell_finish(3000);
    turn();
    turn(kProbeAfter);
    EXPECT_EQ(now.monotonic + 3s - kProbeAfter, closer->due());
    turn(3s - kProbeAfter - 1ns);
    EXPECT_FALSE(closer->is_done());
    turn(1ns);
    EXPECT_TRUE(closer->is_done());
    expect_only(Drain::stopping, Outcome::unknown);
}

TEST_F(CloserLife, FinishWithoutBoundKeepsEachDrainsOwnLimits) {
    set_up();
    policy.drain_idle_timeout_ms = 5000;
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    tell_finish(kGraceUnbounded);
    turn(5s - 1ns);
    EXPECT_FALSE(closer->is_done());
    turn(1ns);
    EXPECT_TRUE(closer->is_done());
    expect_only(Drain::idle_timeout, Outcome::unknown);
}

TEST_F(CloserLife, ASecondFinishShortensTheGraceAndNeverExtendsIt) {
    set_up();
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    tell_finish(10'000);
    turn();
    tell_finish(1'000);
    tell_finish(20'000);
    turn(1ms);
    turn(1s);
    EXPECT_TRUE(closer->is_done());
    expect_only(Drain::stopping, Outcome::unknown);
}

TEST_F(CloserLife, FinishWithNothingHeldIsDoneAtOnce) {
    set_up();
    tell_finish(kGraceUnbounded);
    turn();
    EXPECT_TRUE(closer->is_done());
}

TEST_F(CloserLife, WaitsForASlowLogAtTheEndButNotForever) {
    set_up();
    int ends[2];
    ASSERT_EQ(0, ::pipe2(ends, O_CLOEXEC));
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    Control open;
    open.kind = ControlKind::log_open;
    open.log_id = 1;
    tell(open, {writer.get()});
    writer.reset();
    Handoff report = sample_ended(Outcome::reset);
    report.close.logs.ids[0] = 1;
    for (int i = 0; i < 5; ++i) {
        for (int j = 0; j < 50; ++j) ASSERT_EQ(0, send_message(child, encoded(report)));
        turn();
    }
    tell_finish(0);
    turn();
    EXPECT_FALSE(closer->is_done());
    turn(kLastFlushMax - 1ns);
    EXPECT_FALSE(closer->is_done());
    turn(1ns);
    EXPECT_TRUE(closer->is_done());
    const std::vector<std::string> told = notices();
    ASSERT_FALSE(told.empty());
    EXPECT_NE(std::string::npos, told.back().find("could not be written")) << told.back();
}

TEST_F(CloserLife, ExitsAtOnceWhenEverySenderIsGoneAndNothingIsHeld) {
    set_up();
    child.reset();
    turn();
    EXPECT_TRUE(closer->is_done());
}

TEST_F(CloserLife, DrainsToTheEndWhenEverySenderIsGone) {
    set_up();
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    child.reset();
    settle(1);
    EXPECT_FALSE(closer->is_done());
    turn(30s);
    EXPECT_FALSE(closer->is_done());
    wait_to_the_end();
    EXPECT_TRUE(closer->is_done());
    EXPECT_EQ(1U, records().size());
}

TEST_F(CloserLife, ARetiredCloserServesUntilItsSendersAreGone) {
    set_up();
    Control retire;
    retire.kind = ControlKind::retire;
    tell(retire);
    parent.reset();
    turn();
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    child.reset();
    pair.client.reset();
    turn_until([&] { return closer->is_done(); });
    expect_only(Drain::fin, Outcome::fin);
}

}  // namespace
}  // namespace finwait
