// SPDX-License-Identifier: Apache-2.0
//
// The closer as a process: killed under load, and impossible to start.
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
using testing::Le;
using testing::Ne;

using Closer = PerMpm;

// Long before httpd's monitor hook, which runs every ten seconds.
TEST_P(Closer, KilledUnderLoadFailsNoRequestAndIsBackSoon) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 20s\n");
    httpd.expect_error("the closer died");
    const pid_t first = httpd.closer_pid();
    const auto crowd = crowd_that_never_closes(httpd.port(), 200);
    ASSERT_EVENTUALLY(httpd.counters().held(), 200U);
    // Fewer than the smallest channel holds, for the time without a closer.
    Load load(httpd.port(), 3, Load::Allowed{});
    load.allow(400);
    ASSERT_EVENTUALLY(load.requests(), Ge(200U));
    load.allow(2000);
    const auto killed = Clock::now();
    kill(first, SIGKILL);
    ASSERT_EVENTUALLY(httpd.closer_pids(), ElementsAre(Ne(first)));
    EXPECT_LT(Clock::now() - killed, 9s);
    const std::uint64_t before = load.requests();
    load.allow(600);
    ASSERT_EVENTUALLY(load.requests(), Ge(before + 300));
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    httpd.expect_half_line();
    const auto& counters = httpd.counters();
    // Lost are the crowd and whatever else was in the closer's hands: every close without a line.
    // Only of the messages it was just receiving (at most one batch of 64) nobody can tell.
    httpd.expect_unsettled();
    const auto untold_closes = [&] {
        const Counters now = counters.snapshot();
        return static_cast<std::int64_t>(now.closes() - read(now.closer().lost) -
                                         httpd.records().size());
    };
    EXPECT_EVENTUALLY(untold_closes(), AllOf(Le(64), Ge(-64)));
    EXPECT_GE(read(counters.closer().lost), 200U) << counters;
    EXPECT_EQ(counters.declined(), 0U);
}

// What was sent while no closer ran is served by the next one.
TEST_P(Closer, KilledLeavesTheQueueToItsSuccessor) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 1s\n");
    httpd.expect_error("the closer died");
    const pid_t first = httpd.closer_pid();
    kill(first, SIGSTOP);  // everything from now on stays in the channel
    const auto crowd = crowd_that_never_closes(httpd.port(), 50);
    ASSERT_EVENTUALLY(httpd.counters().closes(), 50U);
    EXPECT_EQ(read(httpd.counters().closer().received), 0U);
    kill(first, SIGKILL);
    ASSERT_TRUE(httpd.wait_settled(50));
    EXPECT_EQ(httpd.records().size(), 50U);
    EXPECT_EQ(httpd.counters().declined(), 0U);
    EXPECT_EQ(read(httpd.counters().closer().lost), 0U);
}

TEST_P(Closer, OfAWrongPathLeavesEveryCloseToHttpd) {
    Httpd httpd(mpm, "FinWaitCloser /nowhere/finwait-closer\nKeepAliveTimeout 200ms\n");
    httpd.expect_error("/nowhere/finwait-closer");
    EXPECT_TRUE(httpd.closer_pids().empty());
    EXPECT_EVENTUALLY(httpd.error_log(), HasSubstr("FinWaitCloser /nowhere/finwait-closer"));
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
    EXPECT_TRUE(httpd.lingers_itself(client));
    client.close();
    EXPECT_EVENTUALLY(httpd.counters().declined(Decline::no_closer), 1U);
    EXPECT_EQ(httpd.counters().closes(), 1U);
}

constexpr std::string_view kNotReady = "did not become ready";

// /bin/false ends at once, whatever its arguments.
TEST_P(Closer, ThatDiesAtOnceIsStartedRarelyAndLeavesEveryCloseToHttpd) {
    Httpd httpd(mpm, "FinWaitCloser /bin/false\n");
    httpd.expect_error("/bin/false");
    httpd.expect_error("it has ended");  // before it could be told anything
    ASSERT_EVENTUALLY(httpd.error_log(), HasSubstr(kNotReady));
    constexpr std::size_t crowd_size = 60;
    {
        auto crowd = crowd_that_never_closes(httpd.port(), crowd_size);
        EXPECT_TRUE(httpd.lingers_itself(crowd.back()));
    }
    EXPECT_EVENTUALLY(httpd.counters().declined(Decline::no_closer), crowd_size);
    EXPECT_EQ(httpd.counters().closes(), crowd_size);
    // The next start is due after a second; what is started in a loop is started in every turn of
    // it. How many there were until now depends on how long it took.
    const std::size_t before = httpd.times_logged(kNotReady);
    EXPECT_FALSE(wait_until(1500ms, [&] { return httpd.times_logged(kNotReady) > before + 1; }))
        << httpd.error_log();
    Load load(httpd.port(), 2);
    EXPECT_TRUE(load.wait_for(100));
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
}

TEST_P(Closer, KilledRightBeforeAStopIsCountedAsLost) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 20s\n");
    httpd.expect_error("the closer died");
    const pid_t closer = httpd.closer_pid();
    const auto crowd = crowd_that_never_closes(httpd.port(), 30);
    ASSERT_EVENTUALLY(httpd.counters().held(), 30U);
    kill(closer, SIGKILL);
    httpd.stop();
    EXPECT_EQ(read(httpd.counters().closer().lost), 30U) << httpd.counters().text();
    EXPECT_NE(httpd.error_log().find("30 closes unfinished"), std::string::npos);
}

TEST_P(Closer, KilledRightBeforeARestartIsStartedByIt) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 20s\n");
    httpd.expect_error(" died");
    const pid_t first = httpd.closer_pid();
    const auto crowd = crowd_that_never_closes(httpd.port(), 30);
    ASSERT_EVENTUALLY(httpd.counters().held(), 30U);
    kill(first, SIGKILL);
    ASSERT_EVENTUALLY(is_running(first), false);
    httpd.graceful();
    EXPECT_NE(httpd.closer_pid(), first);
    EXPECT_EQ(httpd.error_log().find("it goes on with those it has"), std::string::npos);
    EXPECT_EQ(read(httpd.counters().closer().lost), 30U) << httpd.counters().text();
}

INSTANTIATE_TEST_SUITE_P(Each, Closer, testing::ValuesIn(kEachMpm), NameOf());

TEST(CloserProcess, IsUnprivilegedInItsOwnSessionAndWithoutServerSignals) {
    Httpd httpd(Mpm::event);
    const pid_t closer = httpd.closer_pid();
    const std::string status = read_file("/proc/" + std::to_string(closer) + "/status");
    EXPECT_EQ(status.find("\nUid:\t0"), std::string::npos);
    EXPECT_NE(status.find("\nCapEff:\t0000000000000000"), std::string::npos);
    EXPECT_NE(status.find("\nNoNewPrivs:\t1"), std::string::npos) << status;
    EXPECT_NE(getsid(closer), getsid(httpd.pid()));
    EXPECT_EQ(getsid(closer), closer);
    for (const int ignored : {SIGHUP, SIGUSR1, SIGWINCH, SIGINT}) kill(closer, ignored);
    EXPECT_FALSE(wait_until(300ms, [&] { return !is_running(closer); }));
}

TEST(CloserProcess, DrainsToTheEndAndEndsByItselfWhenHttpdIsKilled) {
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 4s\n");
    httpd.expect_unsettled();
    const auto crowd = crowd_that_never_closes(httpd.port(), 10);
    const pid_t closer = httpd.closer_pid();
    ASSERT_EVENTUALLY(httpd.counters().held(), 10U);
    auto tree = httpd.children();
    kill(httpd.pid(), SIGKILL);
    for (const pid_t child : tree) kill(child, SIGKILL);
    EXPECT_TRUE(httpd.wait_stopped(kPatience));
    EXPECT_EVENTUALLY(is_running(closer), false);
    EXPECT_EQ(httpd.records().size(), 10U);
}

TEST(CloserProcess, SaysAtStartWhatItCanHold) {
    Httpd httpd(Mpm::event, "FinWaitMaxHeld 500000\n",
                {.launcher = {"prlimit", "--nofile=1024:4096"}});
    const std::string closer = "finwait: closer " + std::to_string(httpd.closer_pid());
    EXPECT_EVENTUALLY(httpd.error_log(), AllOf(HasSubstr(closer), HasSubstr("500000"),
                                               HasSubstr("4096"), HasSubstr("holds up to ")));
    const std::string log = httpd.error_log();
    EXPECT_THAT(log, AllOf(HasSubstr("LimitNOFILE"), HasSubstr("APACHE_ULIMIT_MAX_FILES")))
        << "the way out";
    // The effective bound: less than the descriptor limit, by a reserve.
    const auto at = log.find("holds up to ");
    ASSERT_NE(at, std::string::npos);
    const int effective = std::stoi(log.substr(at + 12));
    EXPECT_LT(effective, 4096);
    EXPECT_GT(effective, 3000);
}

}  // namespace
}  // namespace finwait::test
