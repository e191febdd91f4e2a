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
constexpr const char* kLongDrains = "FinWaitDrainIdleTimeout 60s\nFinWaitDrainTimeout 60s\n";
constexpr std::size_t kCrowd = 1000;

std::size_t count_drain(const std::vector<Record>& records, Drain drain) {
    return static_cast<std::size_t>(
        std::ranges::count(records, drain, [](const Record& r) { return r.drain; }));
}

using Restart = PerMpm;

TEST_P(Restart, GracefulKeepsTheCloserAndWhatItHolds) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 3s\n");
    const pid_t closer = httpd.closer_pid();
    auto crowd = crowd_that_never_closes(httpd.port(), kCrowd);
    ASSERT_TRUE(wait_until(2s, [&] { return httpd.counters().held() == kCrowd; }))
        << httpd.counters().text();
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
    ASSERT_TRUE(wait_until(4s, [&] { return httpd.counters().held() == crowd_size; }));
    httpd.stop();
    const auto records = httpd.records();
    EXPECT_EQ(count_drain(records, Drain::stopping), crowd_size) << httpd.counters().text();
    for (const Record& record : records)
        ASSERT_TRUE(record.drain != Drain::stopping || record.outcome == Outcome::unknown);
    EXPECT_NE(httpd.error_log().find("finwait: totals:"), std::string::npos);
}

TEST_P(Restart, GracefulStopLetsTheDrainsGoOnToTheirLimits) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 2s\n");
    const auto crowd = crowd_that_never_closes(httpd.port(), kCrowd);
    ASSERT_TRUE(wait_until(2s, [&] { return httpd.counters().held() == kCrowd; }));
    httpd.graceful_stop();
    EXPECT_EQ(count_drain(httpd.records(), Drain::idle_timeout), kCrowd) << httpd.counters().text();
}

TEST_P(Restart, GracefulStopIsBoundedByGracefulShutdownTimeout) {
    Httpd httpd(mpm, std::string(kLongDrains) + "GracefulShutdownTimeout 1\n");
    const auto crowd = crowd_that_never_closes(httpd.port(), 100);
    ASSERT_TRUE(wait_until(2s, [&] { return httpd.counters().held() == 100; }));
    const auto start = Clock::now();
    httpd.graceful_stop();
    EXPECT_GE(Clock::now() - start, 1s);
    EXPECT_LT(Clock::now() - start, 6s);
    EXPECT_EQ(count_drain(httpd.records(), Drain::stopping), 100U) << httpd.counters().text();
}

TEST_P(Restart, StopCutsAGracefulStopShort) {
    Httpd httpd(mpm, kLongDrains);
    const auto crowd = crowd_that_never_closes(httpd.port(), 100);
    ASSERT_TRUE(wait_until(2s, [&] { return httpd.counters().held() == 100; }));
    httpd.begin_graceful_stop();
    // Once the MPM has ended and only the closer is waited for: prefork sends itself a SIGTERM
    // before, from which another cannot be told.
    ASSERT_TRUE(wait_until(8s, [&] { return is_in_system_call(httpd.pid(), SYS_rt_sigtimedwait); }))
        << httpd.error_log();
    httpd.stop();
    EXPECT_EQ(count_drain(httpd.records(), Drain::stopping), 100U) << httpd.counters().text();
}

TEST_P(Restart, RecyclingOfChildrenLosesNoneOfWhatIsHeld) {
    const std::string per_child = mpm == Mpm::prefork ? "80" : "300";
    Httpd httpd(mpm, kLongDrains + ("MaxConnectionsPerChild " + per_child + "\n"));
    const auto first = httpd.children();
    auto crowd = crowd_that_never_closes(httpd.port(), kCrowd);
    EXPECT_TRUE(wait_until(2s, [&] { return httpd.counters().held() == kCrowd; }))
        << httpd.counters().text();
    for (const pid_t child : first) EXPECT_FALSE(is_running(child)) << "not recycled";
    for (auto& client : crowd) client.close();
    ASSERT_TRUE(httpd.wait_settled()) << httpd.counters().text();
    EXPECT_EQ(count_drain(httpd.records(), Drain::fin), kCrowd);
}

TEST_P(Restart, UngracefulKeepsTheCloserAndWhatItHolds) {
    Httpd httpd(mpm, kLongDrains);
    const pid_t closer = httpd.closer_pid();
    auto crowd = crowd_that_never_closes(httpd.port(), 100);
    ASSERT_TRUE(wait_until(2s, [&] { return httpd.counters().held() == 100; }));
    httpd.restart();
    EXPECT_EQ(httpd.closer_pid(), closer);
    for (auto& client : crowd) client.close();
    ASSERT_TRUE(httpd.wait_settled()) << httpd.counters().text();
    EXPECT_EQ(count_drain(httpd.records(), Drain::fin), 100U);
}

// A hundred in a row, under load all the time and with a thousand sockets held all through.
TEST_P(Restart, GracefulManyTimesUnderLoadAccountsForEveryClose) {
    Httpd httpd(mpm, kLongDrains);
    const pid_t closer = httpd.closer_pid();
    auto crowd = crowd_that_never_closes(httpd.port(), kCrowd);
    ASSERT_TRUE(wait_until(2s, [&] { return httpd.counters().held() == kCrowd; }));
    Load load(httpd.port(), 3);
    // Not for ever: httpd may look for the end of the old children, and start the new ones, a
    // second later.
    int under_load = 0;
    for (int i = 0; i < 100; ++i) {
        under_load += load.wait_for(20, 50ms) ? 1 : 0;
        httpd.graceful();
    }
    EXPECT_TRUE(load.wait_for(20, 5s));
    load.stop();
    EXPECT_GE(load.requests(), 2000U);
    EXPECT_GE(under_load, 50);
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    EXPECT_EQ(httpd.closer_pid(), closer);
    EXPECT_GE(httpd.counters().held(), kCrowd);
    for (auto& client : crowd) client.close();
    ASSERT_TRUE(httpd.wait_settled()) << httpd.counters().text();
    EXPECT_EQ(httpd.counters().declined(), 0U) << httpd.counters().text();
    EXPECT_EQ(httpd.records().size(), read(httpd.counters().module().closes));
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
    Httpd httpd(mpm, "FinWaitCloser " + installed + "\nFinWaitDrainIdleTimeout 3s\n");
    const pid_t old_closer = httpd.closer_pid();
    auto crowd = crowd_that_never_closes(httpd.port(), kCrowd);
    ASSERT_TRUE(wait_until(2s, [&] { return httpd.counters().held() == kCrowd; }));
    Load load(httpd.port(), 2);
    install();
    httpd.graceful();
    EXPECT_EQ(httpd.counters().held() >= kCrowd, true) << httpd.counters().text();
    ASSERT_TRUE(wait_until(3s, [&] {
        for (const pid_t pid : httpd.closer_pids())
            if (pid != old_closer) return true;
        return false;
    }));
    ASSERT_TRUE(load.wait_for(100, 5s));
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    for (auto& client : crowd) client.close();
    EXPECT_TRUE(wait_until(5s, [&] { return httpd.closer_pids().size() == 1; }))
        << "the old one ends";
    EXPECT_NE(httpd.closer_pid(), old_closer);
    ASSERT_TRUE(httpd.wait_settled()) << httpd.counters().text();
    EXPECT_EQ(read(httpd.counters().closer().lost), 0U);
    EXPECT_EQ(httpd.records().size(), read(httpd.counters().module().closes));
}

INSTANTIATE_TEST_SUITE_P(Each, Restart, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
