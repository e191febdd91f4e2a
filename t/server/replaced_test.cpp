// SPDX-License-Identifier: Apache-2.0
//
// The closer's file: replaced under a running httpd, of another build, or one that does not start.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>

#include "clients/can.hpp"
#include "clients/crowd.hpp"
#include "server/config.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

const std::string& closer_file() {
    static const std::string file = Suite::build_dir() + "/finwait-closer";
    return file;
}

ino_t inode_of(const std::string& file) {
    struct stat status {};
    return stat(file.c_str(), &status) == 0 ? status.st_ino : 0;
}

ino_t inode_run_by(pid_t pid) {
    if (const std::string& why = why_no_look_into_a_closer(); !why.empty()) cannot_be_tried(why);
    return inode_of("/proc/" + std::to_string(pid) + "/exe");
}

Record recorded_close(Httpd& httpd) {
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
    client.close();
    return httpd.record_of(client);
}

using ReplacedFile = PerMpm;

TEST_P(ReplacedFile, IsNotStartedBeforeTheNextConfiguration) {
    const std::string installed = Suite::dir() + "/kept-" + mpm_name(mpm);
    install(closer_file(), installed);
    const ino_t before = inode_of(installed);
    Httpd httpd(mpm, "FinWaitCloser " + installed + "\n");
    httpd.expect_error("the closer died");
    const pid_t first = httpd.closer_pid();
    install("/bin/false", installed);
    kill(first, SIGKILL);
    ASSERT_EVENTUALLY(httpd.times_logged(" ready: holds"), 2U);
    EXPECT_EQ(inode_run_by(httpd.closer_pid()), before);
    EXPECT_EQ(recorded_close(httpd).drain, Drain::fin);
    install(closer_file(), installed);
    httpd.graceful();
    EXPECT_EQ(recorded_close(httpd).drain, Drain::fin);
    ASSERT_EVENTUALLY(httpd.closer_pids().size(), 1U);
    EXPECT_EQ(inode_run_by(httpd.closer_pid()), inode_of(installed));
    EXPECT_EQ(read(httpd.counters().closer().bad_messages), 0U);
}

TEST_P(ReplacedFile, OfAnotherBuildIsRefusedWithWhatToDo) {
    const std::string installed = Suite::dir() + "/other-build-" + mpm_name(mpm);
    install_script("shift 2\nexec " + closer_file() + " --protocol 0123456789abcdef \"$@\"\n",
                   installed);
    Httpd httpd(mpm, "FinWaitCloser " + installed + "\n");
    httpd.expect_error("refused to start (the line before says why)");
    ASSERT_EVENTUALLY(httpd.error_log(), HasSubstr("refused to start"));
    EXPECT_EQ(httpd.times_logged("it is of another build than mod_finwait.so: install both"), 1U);
    EXPECT_EQ(httpd.times_logged("refused to start"), 1U);
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_TRUE(httpd.lingers_itself(client));
    client.close();
    EXPECT_EVENTUALLY(httpd.counters().declined(Decline::no_closer), 1U);
    install(closer_file(), installed);
    httpd.graceful();
    EXPECT_EQ(recorded_close(httpd).drain, Drain::fin);
}

INSTANTIATE_TEST_SUITE_P(Each, ReplacedFile, testing::ValuesIn(kEachMpm), NameOf());

// Nothing watches while the configuration does not name the module.
TEST(ReplacedCloser, ThatDiedUnwatchedLeavesItsQueueToTheNewOne) {
    const std::string installed = Suite::dir() + "/queue";
    install(closer_file(), installed);
    Httpd httpd(Mpm::event, "FinWaitCloser " + installed + "\nFinWaitDrainIdleTimeout 1s\n");
    httpd.expect_error("died during a restart of httpd or without the module");
    const pid_t first = httpd.closer_pid();
    kill(first, SIGSTOP);
    const auto queued = crowd_that_never_closes(httpd.port(), 20);
    const std::string with = read_file(httpd.dir() + "/httpd.conf");
    write_file(httpd.dir() + "/httpd.conf", without_module(with));
    httpd.graceful();
    kill(first, SIGKILL);
    ASSERT_EVENTUALLY(is_running(first), false);
    install(closer_file(), installed);
    write_file(httpd.dir() + "/httpd.conf", with);
    httpd.graceful();
    EXPECT_TRUE(httpd.wait_settled(20));
    EXPECT_EQ(httpd.records().size(), 20U);
    EXPECT_EQ(inode_run_by(httpd.closer_pid()), inode_of(installed));
}

TEST(ReplacedCloser, ThatHangsIsKilledAndNotStartedAgain) {
    const std::string installed = Suite::dir() + "/hangs";
    install(closer_file(), installed);
    Httpd httpd(Mpm::event, "FinWaitCloser " + installed + "\nFinWaitDrainIdleTimeout 60s\n");
    httpd.expect_error("it hangs, and is killed");
    const pid_t old_closer = httpd.closer_pid();
    const auto crowd = crowd_that_never_closes(httpd.port(), 10);
    ASSERT_EVENTUALLY(httpd.counters().held(), 10U);
    install(closer_file(), installed);
    httpd.graceful();
    kill(old_closer, SIGSTOP);
    ASSERT_EVENTUALLY(is_running(old_closer), false);
    EXPECT_EVENTUALLY(read(httpd.counters().closer().lost), 10U);
    EXPECT_EQ(httpd.closer_pids().size(), 1U);
    EXPECT_EQ(recorded_close(httpd).drain, Drain::fin);
    EXPECT_EQ(httpd.times_logged(" died before its end"), 0U);
    EXPECT_EQ(httpd.times_logged(" ready: holds"), 2U);
    EXPECT_EQ(httpd.counters().declined(), 0U);
}

constexpr std::string_view kNotReady = "did not become ready";

TEST(ReplacedCloser, ThatCannotStartAgainIsTriedUntilItCan) {
    const std::string installed = Suite::dir() + "/wrapped";
    const std::string broken = Suite::dir() + "/broken";
    install_script("[ -e " + broken + " ] && exit 1\nexec " + closer_file() + " \"$@\"\n",
                   installed);
    Httpd httpd(Mpm::event, "FinWaitCloser " + installed + "\nFinWaitDrainIdleTimeout 1s\n");
    httpd.expect_error("the closer died");
    httpd.expect_error(std::string(kNotReady));
    const pid_t first = httpd.closer_pid();
    write_file(broken, "");
    kill(first, SIGKILL);
    ASSERT_EVENTUALLY(httpd.error_log(), HasSubstr(kNotReady));
    const auto declined = crowd_that_never_closes(httpd.port(), 5);
    EXPECT_EVENTUALLY(httpd.counters().declined(Decline::no_closer), 5U);
    EXPECT_EQ(httpd.counters().closes(), 5U);
    std::filesystem::remove(broken);
    // httpd's monitor hook runs every ten seconds.
    ASSERT_NE(httpd.closer_pid(), first);
    ASSERT_EVENTUALLY(httpd.times_logged(" ready: holds"), 2U);
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(httpd.record_of(client).drain, Drain::idle_timeout);
}

TEST(ReplacedCloser, ThatIsKilledIsReportedAndCountedAsLost) {
    const std::string installed = Suite::dir() + "/replaced";
    install(Suite::build_dir() + "/finwait-closer", installed);
    Httpd httpd(Mpm::event, "FinWaitCloser " + installed + "\nFinWaitDrainIdleTimeout 20s\n");
    httpd.expect_error("the replaced closer");
    const pid_t old_closer = httpd.closer_pid();
    const auto crowd = crowd_that_never_closes(httpd.port(), 30);
    ASSERT_EVENTUALLY(httpd.counters().held(), 30U);
    install(Suite::build_dir() + "/finwait-closer", installed);
    httpd.graceful();
    kill(old_closer, SIGKILL);
    const std::string told = "the replaced closer " + std::to_string(old_closer) + " died";
    EXPECT_EVENTUALLY(httpd.error_log(), HasSubstr(told));
    EXPECT_EVENTUALLY(read(httpd.counters().closer().lost), 30U);
}

TEST(ReplacedCloser, ThatHangsLeavesTheQueueToTheNext) {
    const std::string installed = Suite::dir() + "/replaced";
    install(Suite::build_dir() + "/finwait-closer", installed);
    Httpd httpd(Mpm::event, "FinWaitCloser " + installed + "\nFinWaitDrainIdleTimeout 1s\n");
    httpd.expect_error("it hangs, and is killed");
    kill(httpd.closer_pid(), SIGSTOP);
    const auto queued = crowd_that_never_closes(httpd.port(), 20);
    ASSERT_EVENTUALLY(httpd.counters().closes(), 20U);
    install(Suite::build_dir() + "/finwait-closer", installed);
    httpd.graceful();
    EXPECT_EVENTUALLY(httpd.records(), SizeIs(20));
    EXPECT_EQ(read(httpd.counters().closer().lost), 0U);
}

TEST(ReplacedCloser, ThatHangsAfterwardsHasItsQueueCountedAsLost) {
    const std::string installed = Suite::dir() + "/replaced";
    install(Suite::build_dir() + "/finwait-closer", installed);
    Httpd httpd(Mpm::event, "FinWaitCloser " + installed + "\nFinWaitDrainIdleTimeout 1s\n");
    httpd.expect_error("it hangs, and is killed");
    const pid_t old_closer = httpd.closer_pid();
    Client client = httpd.client();
    // Else the new generation may be who takes the connection.
    client.send(
        "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
    ASSERT_THAT(client.read_some(100), StartsWith("HTTP/1.1 100 "));
    install(Suite::build_dir() + "/finwait-closer", installed);
    httpd.graceful();
    kill(old_closer, SIGSTOP);
    client.send("1");
    EXPECT_EVENTUALLY(httpd.counters().closes(), 1U);
    EXPECT_EVENTUALLY(read(httpd.counters().closer().lost), 1U);
    EXPECT_EQ(read(httpd.counters().closer().received), 1U);
}

}  // namespace
}  // namespace finwait::test
