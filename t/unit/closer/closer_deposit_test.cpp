// SPDX-License-Identifier: Apache-2.0
//
// What httpd's parent lays down at the end of a configuration, and nobody takes up.
#include <gtest/gtest.h>

#include "module/parent/passing.hpp"
#include "unit/closer/closer_fixture.hpp"

namespace finwait {
namespace {

using namespace test;

class CloserDeposit : public CloserTest {
  protected:
    void SetUp() override {
        CloserTest::SetUp();
        set_up();
        parents = UniqueFd(::dup(child.get()));
    }

    // As the parent does at a restart: from then on its sending end is in flight only.
    void lay_down() {
        const std::array<std::byte, 1> message{};
        ASSERT_EQ(0, send_message(deposit_in, message, {parents.get()}));
        parents.reset();
        turn();
    }
    void take_up() {
        std::array<std::byte, 1> message;
        Passed passed = take_passed_already(deposit_out.get(), message);
        if (passed.count > 0) parents = UniqueFd(passed.descriptors[0]);
    }
    void child_ends() { child.reset(); }
    void configure_again() {
        Control setup;
        setup.kind = ControlKind::setup;
        setup.max_held = 1000;
        tell(setup);
        turn();
    }

    UniqueFd parents;
};

constexpr Time kAMoment = 1ms;

TEST_F(CloserDeposit, ThatNobodyTakesInAMinuteIsLetGoAndTheCloserEnds) {
    lay_down();
    child_ends();
    turn(kConfigurationWithin - kAMoment);
    EXPECT_EQ(now.monotonic + kAMoment, closer->due());
    EXPECT_FALSE(closer->is_done());
    turn(kAMoment);
    turn_until([&] { return closer->is_done(); });
    EXPECT_EQ(0U, read(counters->running[1])) << "it did not die";
}

TEST_F(CloserDeposit, ThatIsLetGoLeavesTheLastChildrenServed) {
    lay_down();
    turn(kConfigurationWithin);
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    turn_until_held(1);
    pair.client.reset();
    turn_until_held(0);
    EXPECT_EQ(Drain::fin, only_record().drain);
    EXPECT_FALSE(closer->is_done());
    child_ends();
    turn_until([&] { return closer->is_done(); });
}

TEST_F(CloserDeposit, WhatIsHeldThenIsDrainedToItsEnd) {
    policy.drain_timeout_ms = policy.drain_idle_timeout_ms = 600'000;
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    lay_down();
    child_ends();
    turn(2 * kConfigurationWithin);
    EXPECT_EQ(1U, closer->held());
    pair.client.reset();
    turn_until([&] { return closer->is_done(); });
    EXPECT_EQ(1U, read(counter_of(counters->drains, Drain::fin)));
}

TEST_F(CloserDeposit, ThatTheNextConfigurationTakesInTimeChangesNothing) {
    lay_down();
    turn(kConfigurationWithin - kAMoment);
    take_up();
    configure_again();
    child_ends();
    turn(2 * kConfigurationWithin);
    EXPECT_FALSE(closer->is_done());
}

// The closer has slept through a restart, and sees the second one's before the first one's setup.
TEST_F(CloserDeposit, OfTheSecondOfTwoRestartsCountsFromItsOwnTime) {
    const Time first = now.monotonic;
    lay_down();
    configure_again();
    EXPECT_EQ(first + kConfigurationWithin, closer->due());
    turn(kConfigurationWithin);
    child_ends();
    turn_until([&] { return closer->is_done(); });
}

TEST_F(CloserDeposit, WhoseParentsEndIsClosedIsLetGoAtOnce) {
    lay_down();
    deposit_in.reset();
    child_ends();
    turn_until([&] { return closer->is_done(); });
}

TEST_F(CloserDeposit, IsLeftToTheSuccessorOfACloserThatIsReplaced) {
    Control retire;
    retire.kind = ControlKind::retire;
    tell(retire);
    turn();
    lay_down();
    turn(2 * kConfigurationWithin);
    take_up();
    EXPECT_TRUE(parents) << "it still lay there";
}

}  // namespace
}  // namespace finwait
