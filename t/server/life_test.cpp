// SPDX-License-Identifier: Apache-2.0
//
// The ways to run httpd: as an ordinary user, in the foreground, as one process, twice.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include "clients/can.hpp"
#include "clients/crowd.hpp"
#include "server/config.hpp"
#include "server/each.hpp"
#include "server/recorded_close.hpp"

namespace finwait::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

using Life = PerMpm;

TEST_P(Life, OfAnOrdinaryUsersHttpd) {
    SKIP_IF(why_no_other_user());
    Httpd httpd(mpm, "", {.user = "nobody"});
    const pid_t closer = httpd.closer_pid();
    struct stat status {};
    ASSERT_EQ(stat(("/proc/" + std::to_string(closer)).c_str(), &status), 0);
    EXPECT_NE(status.st_uid, 0U);
    expect_a_recorded_close(httpd);
    httpd.graceful();
    EXPECT_EQ(httpd.closer_pid(), closer);
    expect_a_recorded_close(httpd);
}

TEST_P(Life, OfHttpdInTheForeground) {
    Httpd httpd(mpm, "", {.run = Run::foreground});
    const pid_t closer = httpd.closer_pid();
    expect_a_recorded_close(httpd);
    httpd.graceful();
    EXPECT_EQ(httpd.closer_pid(), closer);
    expect_a_recorded_close(httpd);
}

TEST_P(Life, OfHttpdAsOneProcess) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 3s\n", {.run = Run::debug});
    expect_a_recorded_close(httpd);
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(httpd.record_of(client).drain, Drain::idle_timeout);
}

// No loop starts another: httpd closes by itself, and what was held is counted at the end.
TEST_P(Life, OfHttpdAsOneProcessGoesOnWithoutItsCloser) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 30s\n", {.run = Run::debug});
    const auto crowd = crowd_that_never_closes(httpd.port(), 10);
    ASSERT_EVENTUALLY(httpd.counters().held(), 10U);
    const pid_t closer = httpd.closer_pid();
    kill(closer, SIGKILL);
    ASSERT_EVENTUALLY(is_running(closer), false);
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
    EXPECT_TRUE(httpd.lingers_itself(client));
    client.close();
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), Not(HasSubstr("FIN-WAIT")));
    EXPECT_EVENTUALLY(httpd.counters().declined(Decline::no_closer), 1U);
    httpd.stop();
    EXPECT_EQ(read(httpd.counters().closer().lost), 10U) << httpd.counters().text();
}

// What dies while the configuration does not name it is started when it does again.
TEST_P(Life, OfACloserAndALogProgramThatDiedWithoutTheModule) {
    Httpd httpd(mpm, "FinWaitLog \"|$echo $$ >${dir}/cat.pid; exec cat >>${dir}/piped.log\"\n",
                {.with_log = false});
    httpd.expect_error("died during a restart of httpd or without the module");
    const auto pid_of_program = [&] { return read_file(httpd.dir() + "/cat.pid"); };
    ASSERT_EVENTUALLY(pid_of_program(), EndsWith("\n"));
    const std::string first = pid_of_program();
    const pid_t program = std::stoi(first);
    const pid_t closer = httpd.closer_pid();
    const std::string with = read_file(httpd.dir() + "/httpd.conf");
    write_file(httpd.dir() + "/httpd.conf", without_module(with));
    httpd.graceful();
    for (const pid_t pid : {closer, program}) {
        kill(pid, SIGKILL);
        ASSERT_EVENTUALLY(is_running(pid), false);
    }
    write_file(httpd.dir() + "/httpd.conf", with);
    httpd.graceful();
    EXPECT_NE(httpd.closer_pid(), closer);
    EXPECT_EVENTUALLY(pid_of_program(), AllOf(EndsWith("\n"), Not(first)));
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    client.close();
    EXPECT_EVENTUALLY(httpd.records("piped.log").size(), 1U);
}

// Ctrl-C reaches httpd's process group, the closer's session is another.
TEST_P(Life, OfTheCloserIsNotEndedByASignalToTheProcessGroup) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 30s\n");
    const auto crowd = crowd_that_never_closes(httpd.port(), 5);
    ASSERT_EVENTUALLY(httpd.counters().held(), 5U);
    const pid_t closer = httpd.closer_pid();
    EXPECT_NE(getpgid(closer), getpgid(httpd.pid()));
    httpd.restart();  // prefork signals its group
    EXPECT_EQ(httpd.closer_pid(), closer);
    EXPECT_EQ(httpd.counters().held(), 5U);
}

TEST_P(Life, OfTwoHttpdsIsSeparate) {
    Httpd one(mpm, "FinWaitDrainIdleTimeout 60s\n");
    Httpd other(mpm, "FinWaitDrainIdleTimeout 60s\n");
    EXPECT_NE(one.closer_pid(), other.closer_pid());
    const auto ones = crowd_that_never_closes(one.port(), 30);
    const auto others = crowd_that_never_closes(other.port(), 20);
    ASSERT_EVENTUALLY(one.counters().held(), 30U);
    ASSERT_EVENTUALLY(other.counters().held(), 20U);
    one.graceful();
    one.stop();
    EXPECT_EVENTUALLY(read(one.counters().closer().records), one.counters().closes());
    EXPECT_EQ(other.counters().held(), 20U);
    expect_a_recorded_close(other);
}

INSTANTIATE_TEST_SUITE_P(Each, Life, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
