// SPDX-License-Identifier: Apache-2.0
//
// Which rules of FinWaitAuto a close may name.
#include "closer/remedy/auto_rules.hpp"

#include "unit/closer/closer_fixture.hpp"

namespace finwait {
namespace {

using namespace test;

constexpr AutoRule kTold{50, 1, 2, 600};
constexpr AutoRule kForged{1, 1, 1000, AutoRule::kForMaxS};

TEST(AutoRules, AreThoseOfTheLastConfiguration) {
    AutoRules rules;
    rules.add(kTold);
    EXPECT_FALSE(rules.has(kTold));
    rules.settle();
    EXPECT_TRUE(rules.has(kTold));
    EXPECT_FALSE(rules.has(kForged));
    rules.settle();
    EXPECT_FALSE(rules.has(kTold));
}

TEST(AutoRules, AreBounded) {
    AutoRules rules;
    AutoRule rule = kTold;
    for (rule.closes_min = 1; rule.closes_min <= kAutoRulesMax + 1; ++rule.closes_min)
        rules.add(rule);
    rules.settle();
    rule.closes_min = kAutoRulesMax;
    EXPECT_TRUE(rules.has(rule));
    rule.closes_min = kAutoRulesMax + 1;
    EXPECT_FALSE(rules.has(rule));
}

struct AutoRulesOfTheCloser : CloserTest {
    // Guilty under either rule, at once.
    void stuck_under(const AutoRule& rule) {
        Handoff handoff = sample();
        handoff.close.auto_rule = rule;
        handoff.close.requests = 1;
        TcpPair pair = loopback.half_closed();
        pair.acknowledge_now();
        hand_over(pair, handoff);
        settle(1);
        turn(std::chrono::milliseconds(policy.drain_idle_timeout_ms));
        wait_to_the_end();
        turn(kJudgeAfter);
    }
};

TEST_F(AutoRulesOfTheCloser, AreTheParentsAndNoChilds) {
    Control told;
    told.kind = ControlKind::auto_rule;
    told.auto_rule = kTold;
    tell(told);
    set_up();
    stuck_under(kForged);
    stuck_under(kForged);
    EXPECT_EQ(0U, closer->remedies().active());
    stuck_under(kTold);
    stuck_under(kTold);
    EXPECT_EQ(1U, closer->remedies().active());
}

}  // namespace
}  // namespace finwait
