// SPDX-License-Identifier: Apache-2.0
//
// A closer that hangs: no socket waits for it for long, httpd's parent ends it, the next one serves
// what is queued.
#include <gtest/gtest.h>
#include <signal.h>

#include "clients/crowd.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::Ne;
using testing::Not;

constexpr char kHangs[] = "it hangs, and is killed";

void one_close(Httpd& httpd) {
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
}

std::uint64_t declined_after_one_more_close(Httpd& httpd) {
    one_close(httpd);
    return httpd.counters().declined(Decline::closer_hangs);
}

using Hang = PerMpm;

std::vector<Client> hung_with_ten_held(Httpd& httpd) {
    httpd.expect_error(kHangs);
    auto held = crowd_that_never_closes(httpd.port(), 10);
    EXPECT_EVENTUALLY(httpd.counters().held(), 10U);
    kill(httpd.closer_pid(), SIGSTOP);
    return held;
}

TEST_P(Hang, OfTheCloserLeavesClosesToHttpdUntilAnotherServesTheQueue) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 4s\n");
    httpd.expect_error(kHangs);
    const pid_t first = httpd.closer_pid();
    const auto held = crowd_that_never_closes(httpd.port(), 10);
    ASSERT_EVENTUALLY(httpd.counters().held(), 10U);
    kill(first, SIGSTOP);
    const auto begun = Clock::now();
    const auto queued = crowd_that_never_closes(httpd.port(), 20);
    EXPECT_EVENTUALLY(declined_after_one_more_close(httpd), Ge(3U));
    {
        Client client = httpd.client();
        EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
        EXPECT_TRUE(httpd.lingers_itself(client));
    }
    ASSERT_EVENTUALLY(httpd.closer_pids(), ElementsAre(Ne(first)));
    ASSERT_EVENTUALLY(httpd.counters().snapshot().all_ended(), true);
    RecordProperty("seconds", static_cast<int>((Clock::now() - begun) / 1s));
    EXPECT_LT(Clock::now() - begun, 40s);
    EXPECT_FALSE(is_running(first));
    EXPECT_EQ(httpd.times_logged(kHangs), 1U);
    EXPECT_EQ(httpd.times_logged("the closer died"), 0U);
    EXPECT_EVENTUALLY(httpd.error_log(), HasSubstr("lingering close: closer_hangs="));
    const std::uint64_t before = httpd.counters().closes();
    one_close(httpd);
    EXPECT_TRUE(httpd.wait_settled(before + 1));
    const Counters now = httpd.counters().snapshot();
    EXPECT_EQ(read(now.closer().lost), 10U) << now;  // what it had in hand
    EXPECT_EQ(now.declined(), now.declined(Decline::closer_hangs)) << now;
    EXPECT_EQ(httpd.records().size() + 10 + now.declined(), now.closes());
}

TEST_P(Hang, OfTheCloserDoesNotOutliveAStop) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 60s\n");
    const auto held = hung_with_ten_held(httpd);
    const pid_t closer = httpd.closer_pid();
    httpd.stop();
    EXPECT_FALSE(is_running(closer));
    EXPECT_EQ(httpd.times_logged(kHangs), 1U);
    EXPECT_EQ(read(httpd.counters().closer().lost), 10U);
}

// Which would wait for its drains without a limit.
TEST_P(Hang, OfTheCloserDoesNotOutliveAGracefulStop) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 60s\n");
    const auto held = hung_with_ten_held(httpd);
    const pid_t closer = httpd.closer_pid();
    httpd.graceful_stop();
    EXPECT_FALSE(is_running(closer));
    EXPECT_EQ(httpd.times_logged(kHangs), 1U);
}

TEST_P(Hang, OfTheCloserIsEndedByARestart) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 1s\n");
    httpd.expect_error(kHangs);
    const pid_t first = httpd.closer_pid();
    kill(first, SIGSTOP);
    const auto queued = crowd_that_never_closes(httpd.port(), 20);
    httpd.graceful();
    EXPECT_THAT(httpd.closer_pids(), ElementsAre(Ne(first)));
    EXPECT_TRUE(httpd.wait_settled(20));
    EXPECT_EQ(httpd.records().size(), 20U);
    EXPECT_EQ(httpd.times_logged(kHangs), 1U);
    EXPECT_THAT(httpd.error_log(),
                AllOf(Not(HasSubstr("the closer died")), Not(HasSubstr("has not taken its logs"))));
}

// By a debugger of a container, a frozen cgroup, a machine that slept.
TEST_P(Hang, OfAllOfHttpdIsNoneOfTheCloser) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 1s\n");
    const pid_t closer = httpd.closer_pid();
    one_close(httpd);
    std::vector<pid_t> tree = descendants_of(httpd.pid());
    std::erase(tree, closer);
    tree.push_back(httpd.pid());
    tree.push_back(closer);  // the last that goes on
    for (const pid_t pid : tree) kill(pid, SIGSTOP);
    std::vector<Client> waiting;
    for (int i = 0; i < 3; ++i) {
        waiting.push_back(httpd.client());
        waiting.back().send("GET /small HTTP/1.0\r\n\r\n");
    }
    EXPECT_FALSE(wait_until(5s, [&] { return !is_running(closer); }));
    for (const pid_t pid : tree) kill(pid, SIGCONT);
    for (Client& client : waiting) EXPECT_TRUE(client.reply().complete);
    waiting.clear();
    // The next look of httpd's parent, ten seconds later at most, finds nothing to do.
    EXPECT_FALSE(wait_until(11s, [&] { return !is_running(closer); }));
    EXPECT_TRUE(httpd.wait_settled(4));
    EXPECT_EQ(httpd.counters().declined(), 0U) << httpd.counters();
    EXPECT_EQ(httpd.closer_pid(), closer);
}

INSTANTIATE_TEST_SUITE_P(Each, Hang, testing::ValuesIn(kEachMpm), NameOf());

// There is no parent that would end it before httpd stops.
TEST(HangOfTheCloser, OfHttpdAsOneProcessLeavesClosesToHttpdAndDoesNotOutliveIt) {
    Httpd httpd(Mpm::event, "", {.run = Run::debug});
    httpd.expect_error(kHangs);
    one_close(httpd);
    const pid_t closer = httpd.closer_pid();
    kill(closer, SIGSTOP);
    EXPECT_EVENTUALLY(declined_after_one_more_close(httpd), Ge(3U));
    kill(closer, SIGCONT);
    EXPECT_TRUE(httpd.wait_settled());
    kill(closer, SIGSTOP);
    httpd.stop();
    EXPECT_FALSE(is_running(closer));
}

}  // namespace
}  // namespace finwait::test
