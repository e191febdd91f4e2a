// SPDX-License-Identifier: Apache-2.0
//
// What the page says of a log that takes nothing: from the closer's books to each of its forms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "module/status/collect.hpp"
#include "module/status/render.hpp"
#include "module/status/verdict.hpp"
#include "unit/closer/closer_fixture.hpp"

namespace finwait {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;

class WaitingLogsTest : public CloserTest {
  protected:
    // Its log is a pipe, which takes some 64 KB and is not read.
    void SetUp() override {
        CloserTest::SetUp();
        int ends[2];
        ASSERT_EQ(0, ::pipe2(ends, O_CLOEXEC));
        reader.reset(ends[0]);
        log.reset(ends[1]);
        set_up();
    }
    void end_closes(int count) {
        for (int i = 0; i < count; ++i) {
            ASSERT_EQ(0, send_message(child, encoded(sample_ended(Outcome::reset))));
            if (i % 50 == 49) turn();
        }
    }
    StatusView view() const {
        StatusSources sources{&*books, {}, *counters, module};
        sources.slot = 1;
        sources.monotonic = now.monotonic;
        sources.realtime = now.realtime;
        return collect(sources);
    }

    ModuleCounters module;
    UniqueFd reader;
};

TEST_F(WaitingLogsTest, OneThatTakesWhatComesIsNone) {
    for (int i = 0; i < 5; ++i) {
        end_closes(1);
        turn(kLogFlushDelay);
        turn(kLogWaits);
    }
    EXPECT_EQ(0U, view().waiting_logs.count);
    EXPECT_THAT(render_metrics(view()),
                HasSubstr("\nfinwait_waiting_logs 0\n# HELP finwait_log_wait_seconds"));
    EXPECT_THAT(render_json(view()), HasSubstr(R"("count": 0,
  "name": null,)"));
}

TEST_F(WaitingLogsTest, OneThatTakesNothingIsNamedWithItsTime) {
    end_closes(300);
    turn(kLogFlushDelay);  // fills the pipe
    const auto since = now.realtime;
    turn(kLogWaits - 1ms);
    EXPECT_EQ(0U, view().waiting_logs.count);
    turn(kPulseInterval);
    const StatusView seen = view();
    EXPECT_EQ(1U, seen.waiting_logs.count);
    EXPECT_EQ("test", seen.waiting_logs.name);
    EXPECT_EQ(since, seen.waiting_logs.since);
    EXPECT_GT(seen.waiting_logs.lines, 50U);
    EXPECT_EQ(Verdict::Level::bad, verdict_of(seen).level);
    const std::string sentence = "Log test has taken nothing since 2023-11-14 22:13:20 UTC: " +
                                 std::to_string(seen.waiting_logs.lines) + " lines wait for it.";
    EXPECT_THAT(verdict_of(seen).sentence(), HasSubstr(sentence));
    EXPECT_THAT(render_page(seen), HasSubstr(sentence));
    EXPECT_THAT(render_json(seen), HasSubstr("\"since_ms\": " + std::to_string(since / 1ms)));
    EXPECT_THAT(render_metrics(seen), HasSubstr("\nfinwait_waiting_logs 1\n"));
    EXPECT_THAT(render_metrics(seen), HasSubstr("\nfinwait_log_wait_seconds 3.999"));
}

}  // namespace
}  // namespace finwait
