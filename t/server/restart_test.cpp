// SPDX-License-Identifier: Apache-2.0
//
// Restarts and stops of httpd with connections in every state: nothing is unaccounted for, nothing
// is left running (the fixture checks both after each test).
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>
#include <filesystem>

#include "clients/crowd.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

// Enough workers and backlog for a crowd; drains that outlast the test unless it ends them.
constexpr const char* kLongDrains = "FinWaitDrainIdleTimeout 5mi\nFinWaitDrainTimeout 5mi\n";
constexpr std::size_t kCrowd = 1000;

using testing::Contains;
using testing::ElementsAre;
using testing::Ge;
using testing::Ne;

std::size_t count_drain(const std::vector<Record>& records, Drain drain) {
    return static_cast<std::size_t>(
        std::ranges::count(records, drain, [](const Record& r) { return r.drain; }));
}

using Restart = PerMpm;

TEST_P(Restart, GracefulKeepsTheCloserAndWhatItHolds) {
    Httpd httpd(mpm, kLongDrains);
    const pid_t closer = httpd.closer_pid();
    auto crowd = crowd_that_never_closes(httpd.port(), kCrowd);
    ASSERT_EVENTUALLY(httpd.counters().held(), kCrowd);
    httpd.graceful();
    EXPECT_EQ(httpd.closer_pid(), closer);
    EXPECT_EQ(httpd.closer_pids().size(), 1U);
    EXPECT_EQ(httpd.counters().held(), kCrowd);
    for (auto& client : crowd) client.close();
    ASSERT_TRUE(httpd.wait_settled());
    const auto records = httpd.records();
    EXPECT_GE(count_drain(records, Drain::fin), kCrowd);
    EXPECT_EQ(count_drain(records, Drain::stopping), 0U);
}

TEST_P(Restart, StopEndsEveryDrainWithinASecond) {
    Httpd httpd(mpm, kLongDrains);
    // More Records than a log's buffer holds, all in one turn of the closer.
    constexpr std::size_t crowd_size = 2 * kCrowd;
    const auto crowd = crowd_that_never_closes(httpd.port(), crowd_size);
    ASSERT_EVENTUALLY(httpd.counters().held(), crowd_size);
    httpd.stop();
    // It waits a second for the closer, and no longer.
    ASSERT_EVENTUALLY(count_drain(httpd.records(), Drain::stopping), crowd_size)
        << httpd.counters().text();
    const auto records = httpd.records();
    for (const Record& record : records)
        ASSERT_TRUE(record.drain != Drain::stopping || record.outcome == Outcome::unknown);
    EXPECT_NE(httpd.error_log().find("finwait: totals:"), std::string::npos);
}

TEST_P(Restart, GracefulStopLetsTheDrainsGoOnToTheirLimits) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 3s\n");
    const auto crowd = crowd_that_never_closes(httpd.port(), kCrowd);
    // A busy machine may have ended the first ones by now.
    ASSERT_EVENTUALLY(read(httpd.counters().closer().received), kCrowd);
    EXPECT_GT(httpd.counters().held(), 0U);
    httpd.graceful_stop();
    EXPECT_EQ(count_drain(httpd.records(), Drain::idle_timeout), kCrowd) << httpd.counters().text();
}

TEST_P(Restart, GracefulStopIsBoundedByGracefulShutdownTimeout) {
    Httpd httpd(mpm, std::string(kLongDrains) + "GracefulShutdownTimeout 1\n");
    const auto crowd = crowd_that_never_closes(httpd.port(), 100);
    ASSERT_EVENTUALLY(httpd.counters().held(), 100U);
    const auto start = Clock::now();
    httpd.graceful_stop();
    EXPECT_GE(Clock::now() - start, 1s);
    EXPECT_LT(Clock::now() - start, 30s);  // the drains would take five minutes
    EXPECT_EVENTUALLY(count_drain(httpd.records(), Drain::stopping), 100U)
        << httpd.counters().text();
}

TEST_P(Restart, StopCutsAGracefulStopShort) {
    Httpd httpd(mpm, kLongDrains);
    const auto crowd = crowd_that_never_closes(httpd.port(), 100);
    ASSERT_EVENTUALLY(httpd.counters().held(), 100U);
    httpd.begin_graceful_stop();
    // Once the MPM has ended and only the closer is waited for: prefork sends itself a SIGTERM
    // before, from which another cannot be told.
    ASSERT_EVENTUALLY(is_in_system_call(httpd.pid(), SYS_rt_sigtimedwait), true);
    httpd.stop();
    EXPECT_EVENTUALLY(count_drain(httpd.records(), Drain::stopping), 100U)
        << httpd.counters().text();
}

TEST_P(Restart, RecyclingOfChildrenLosesNoneOfWhatIsHeld) {
    const std::string per_child = mpm == Mpm::prefork ? "80" : "300";
    Httpd httpd(mpm, kLongDrains + ("MaxConnectionsPerChild " + per_child + "\n"));
    const auto first = httpd.children();
    auto crowd = crowd_that_never_closes(httpd.port(), kCrowd);
    EXPECT_EVENTUALLY(httpd.counters().held(), kCrowd);
    for (const pid_t child : first) EXPECT_EVENTUALLY(is_running(child), false) << "not recycled";
    for (auto& client : crowd) client.close();
    ASSERT_TRUE(httpd.wait_settled());
    EXPECT_EQ(count_drain(httpd.records(), Drain::fin), kCrowd);
}

TEST_P(Restart, UngracefulKeepsTheCloserAndWhatItHolds) {
    Httpd httpd(mpm, kLongDrains);
    const pid_t closer = httpd.closer_pid();
    auto crowd = crowd_that_never_closes(httpd.port(), 100);
    ASSERT_EVENTUALLY(httpd.counters().held(), 100U);
    httpd.restart();
    EXPECT_EQ(httpd.closer_pid(), closer);
    for (auto& client : crowd) client.close();
    ASSERT_TRUE(httpd.wait_settled());
    EXPECT_EQ(count_drain(httpd.records(), Drain::fin), 100U);
}

// A hundred in a row, under load all the time and with a thousand sockets held all through.
TEST_P(Restart, GracefulManyTimesUnderLoadAccountsForEveryClose) {
    Httpd httpd(mpm, kLongDrains);
    const pid_t closer = httpd.closer_pid();
    auto crowd = crowd_that_never_closes(httpd.port(), kCrowd);
    ASSERT_EVENTUALLY(httpd.counters().held(), kCrowd);
    Load load(httpd.port(), 3);
    // Half of them wait for requests, the others not for long: httpd may look for the end of the
    // old children, and start the new ones, a second later.
    constexpr int kGracefuls = 100;
    int under_load = 0;
    for (int i = 0; i < kGracefuls; ++i) {
        const bool must_wait = kGracefuls - i <= kGracefuls / 2 - under_load;
        if (load.wait_for(20, must_wait ? kPatience : 50ms)) ++under_load;
        httpd.begin_graceful();
    }
    EXPECT_GE(under_load, kGracefuls / 2);
    EXPECT_EVENTUALLY(load.requests(), Ge(2000U));
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    EXPECT_EQ(httpd.closer_pid(), closer);
    EXPECT_GE(httpd.counters().held(), kCrowd);
    for (auto& client : crowd) client.close();
    ASSERT_TRUE(httpd.wait_settled());
    EXPECT_EQ(httpd.counters().declined(), 0U) << httpd.counters();
    EXPECT_EQ(httpd.records().size(), httpd.counters().closes());
    EXPECT_EQ(count_drain(httpd.records(), Drain::fin) + count_drain(httpd.records(), Drain::none),
              httpd.records().size());
}

TEST_P(Restart, ReplacedCloserBinaryTakesOverAndTheOldOneDrainsToItsEnd) {
    const std::string installed = Suite::dir() + "/installed-" + mpm_name(mpm);
    const auto install = [&] {  // as a package manager does: a new file, moved over
        std::filesystem::copy_file(Suite::build_dir() + "/finwait-closer", installed + ".new");
        std::filesystem::rename(installed + ".new", installed);
    };
    install();
    Httpd httpd(mpm, "FinWaitCloser " + installed + "\n" + kLongDrains);
    const pid_t old_closer = httpd.closer_pid();
    auto crowd = crowd_that_never_closes(httpd.port(), kCrowd);
    ASSERT_EVENTUALLY(httpd.counters().held(), kCrowd);
    Load load(httpd.port(), 2);
    install();
    httpd.graceful();
    EXPECT_GE(httpd.counters().held(), kCrowd) << httpd.counters();
    ASSERT_EVENTUALLY(httpd.closer_pids(), Contains(Ne(old_closer)));
    ASSERT_TRUE(load.wait_for(100));
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    for (auto& client : crowd) client.close();
    EXPECT_EVENTUALLY(httpd.closer_pids(), ElementsAre(Ne(old_closer)));
    ASSERT_TRUE(httpd.wait_settled());
    EXPECT_EQ(read(httpd.counters().closer().lost), 0U);
    EXPECT_EQ(httpd.records().size(), httpd.counters().closes());
}

INSTANTIATE_TEST_SUITE_P(Each, Restart, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
