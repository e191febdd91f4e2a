// SPDX-License-Identifier: Apache-2.0
//
// From the closer's books to what the page shows.
#include "module/status/collect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module/status/render.hpp"
#include "module/status/verdict.hpp"
#include "unit/closer/closer_fixture.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;

// What a child would show of a closer that works.
class Status : public CloserTest {
  protected:
    StatusView view() {
        turn(kPulseInterval);
        StatusSources sources{&*books, {}, *counters, *module};
        sources.slot = 1;
        sources.closing = {};
        sources.monotonic = now.monotonic;
        sources.realtime = now.realtime;
        return collect(sources);
    }

    std::unique_ptr<ModuleCounters> module = std::make_unique<ModuleCounters>();
};

TEST_F(Status, ShowsWhoHoldsWhat) {
    set_up();
    TcpPair a = loopback.half_closed(), b = loopback.half_closed(), c = loopback.half_closed();
    Handoff bad = sample();
    bad.close.user_agent = "bad/1";
    bad.close.requests = 2;
    for (TcpPair* pair : {&a, &b}) hand_over(*pair, bad);
    Handoff older = sample();
    older.half_close = now.monotonic - 1s;
    hand_over(c, older);
    settle(3);
    turn(1s);
    const StatusView seen = view();
    EXPECT_EQ(seen.draining.fin_wait_2, 3U);
    EXPECT_EQ(seen.held_max, 1000U);
    EXPECT_THAT(verdict_of(seen).sentence(), HasSubstr("bad/1 holds 2 of 3 sockets"));
    const AccountView& first = seen.accounts.at(0);
    EXPECT_EQ(first.user_agent, "bad/1");
    EXPECT_EQ(first.now.fin_wait_2, 2U);
    EXPECT_NEAR(first.open_socket_seconds, 4.2, 0.3);
    ASSERT_EQ(seen.oldest.size(), 3U);
    EXPECT_EQ(seen.oldest[0].age, seen.oldest[1].age + 1s);
    EXPECT_EQ(seen.oldest[1].age, seen.oldest[2].age);
    EXPECT_EQ(seen.oldest[0].state, TcpState::fin_wait_2);
    EXPECT_EQ(seen.oldest[0].phase, Phase::draining);
    EXPECT_EQ(address_text(seen.oldest[0].peer), "192.0.2.1");
    EXPECT_NE(seen.oldest[0].cookie, 0U);
    EXPECT_EQ(seen.hour.back().draining, 3U);
    EXPECT_EQ(seen.trouble, "");
}

// changes() counts each that is not the one before.
TEST_F(Status, SaysAtAnyTimeThatTheCloserBeganAtTheSame) {
    set_up();
    const auto begun = view().process.started;
    EXPECT_EQ(begun, std::chrono::floor<std::chrono::milliseconds>(now.realtime - kPulseInterval));
    now.realtime += 400ms;  // clocks drift apart
    EXPECT_EQ(view().process.started, begun);
}

TEST_F(Status, SaysWhatTheModuleCounted) {
    set_up();
    module->closes = 9;
    module->declined[0] = 4;
    EXPECT_EQ(view().module.closes, 9U);
    EXPECT_EQ(view().module.declined[0], 4U);
}

TEST_F(Status, ShowsTheLastNotices) {
    set_up();
    const std::byte junk[] = {std::byte{9}};
    ASSERT_EQ(0, send_message(child, junk));
    turn_until([&] { return read(counters->bad_messages) == 1; });
    const StatusView seen = view();
    ASSERT_EQ(seen.notices.size(), 1U);
    EXPECT_THAT(seen.notices[0].text, HasSubstr("refused a message of the channel"));
    EXPECT_EQ(seen.notices[0].at, now.realtime - kPulseInterval);
}

TEST_F(Status, SaysWhenTheCloserIsSilent) {
    set_up();
    StatusSources sources{&*books, {}, *counters, *module};
    sources.slot = 1;
    turn(kPulseInterval);
    sources.monotonic = now.monotonic + 2999ms;
    EXPECT_EQ(state_of_closer(sources).trouble, "");
    sources.monotonic = now.monotonic + 7s;
    EXPECT_THAT(state_of_closer(sources).trouble,
                HasSubstr("has not been heard of for 7 s: it hangs or was stopped"));
    EXPECT_EQ(state_of_closer(sources).figures_of, now.realtime);
    const StatusView seen = collect(sources);
    EXPECT_EQ(verdict_of(seen).level, Verdict::Level::bad);
    EXPECT_THAT(verdict_of(seen).sentence(),
                HasSubstr("s: it hangs or was stopped. The figures are of 2023-11-14 22:13:"));
    EXPECT_THAT(render_metrics(seen), HasSubstr("\nfinwait_up 0\n"));
}

TEST_F(Status, SaysWhenTheCloserHasEndedOrNeverBegan) {
    set_up();
    StatusSources sources{&*books, {}, *counters, *module};
    sources.slot = 2;
    sources.monotonic = now.monotonic;
    EXPECT_EQ(state_of_closer(sources).trouble, "no closer has run yet");
    sources.slot = 1;
    turn(kPulseInterval);
    sources.closer_is_gone = true;
    EXPECT_THAT(state_of_closer(sources).trouble, HasSubstr(") has ended"));
    sources.closer_is_gone = false;
    tell_finish(0);
    turn();
    EXPECT_THAT(state_of_closer(sources).trouble, HasSubstr(") has ended"));
    sources.books = nullptr;
    sources.why_no_books = "they are another's";
    EXPECT_EQ(collect(sources).trouble, "they are another's");
}

}  // namespace
}  // namespace finwait::test
