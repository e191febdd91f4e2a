// SPDX-License-Identifier: Apache-2.0
//
// The ways to run httpd: as an ordinary user, in the foreground, as one process, twice.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <sstream>

#include "clients/crowd.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

void expect_a_recorded_close(Httpd& httpd) {
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(client.wait_end(3s), End::fin);
    client.close();
    EXPECT_EQ(httpd.record_of(client).drain, Drain::fin);
}

std::string without_module(const std::string& config) {
    std::string rest;
    std::istringstream lines(config);
    for (std::string line; std::getline(lines, line);)
        if (!line.starts_with("FinWait") && !line.starts_with("LoadModule finwait"))
            rest += line + "\n";
    return rest;
}

using Life = PerMpm;

TEST_P(Life, OfAnOrdinaryUsersHttpd) {
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
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 500ms\n", {.run = Run::debug});
    expect_a_recorded_close(httpd);
    const Client never_closes = httpd.client();
    Client& client = const_cast<Client&>(never_closes);
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(httpd.record_of(client).drain, Drain::idle_timeout);
}

// No loop starts another: httpd closes by itself, and what was held is counted at the end.
TEST_P(Life, OfHttpdAsOneProcessGoesOnWithoutItsCloser) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 30s\n", {.run = Run::debug});
    const auto crowd = crowd_that_never_closes(httpd.port(), 10);
    ASSERT_TRUE(wait_until(2s, [&] { return httpd.counters().held() == 10; }));
    const pid_t closer = httpd.closer_pid();
    kill(closer, SIGKILL);
    ASSERT_TRUE(wait_until(2s, [&] { return !is_running(closer); }));
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(client.wait_end(3s), End::fin);
    EXPECT_TRUE(httpd.lingers_itself(client)) << httpd.kernel_sockets(client);
    client.close();
    const auto has_lingered = [&] {
        return httpd.kernel_sockets(client).find("FIN-WAIT") == std::string::npos;
    };
    EXPECT_TRUE(wait_until(3s, has_lingered)) << httpd.kernel_sockets(client);
    const auto& declined = httpd.counters().module().declined;
    EXPECT_EQ(read(declined[static_cast<std::size_t>(Decline::no_closer)]), 1U)
        << httpd.counters().text();
    httpd.stop();
    EXPECT_EQ(read(httpd.counters().closer().lost), 10U) << httpd.counters().text();
}

// What dies while the configuration does not name it is started when it does again.
TEST_P(Life, OfACloserAndALogProgramThatDiedWithoutTheModule) {
    Httpd httpd(mpm, "FinWaitLog \"|$echo $$ >${dir}/cat.pid; exec cat >>${dir}/piped.log\"\n",
                {.with_log = false});
    httpd.expect_error("died during a restart of httpd or without the module");
    ASSERT_TRUE(wait_until(3s, [&] { return !read_file(httpd.dir() + "/cat.pid").empty(); }));
    const pid_t program = std::stoi(read_file(httpd.dir() + "/cat.pid"));
    const pid_t closer = httpd.closer_pid();
    const std::string with = read_file(httpd.dir() + "/httpd.conf");
    write_file(httpd.dir() + "/httpd.conf", without_module(with));
    httpd.graceful();
    for (const pid_t pid : {closer, program}) {
        kill(pid, SIGKILL);
        ASSERT_TRUE(wait_until(2s, [&] { return !is_running(pid); }));
    }
    write_file(httpd.dir() + "/httpd.conf", with);
    httpd.graceful();
    EXPECT_NE(httpd.closer_pid(), closer);
    EXPECT_TRUE(wait_until(3s, [&] {
        const std::string now = read_file(httpd.dir() + "/cat.pid");
        return !now.empty() && std::stoi(now) != program;
    }));
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    client.close();
    EXPECT_TRUE(wait_until(5s, [&] { return httpd.records("piped.log").size() == 1; }));
}

// Ctrl-C reaches httpd's process group, the closer's session is another.
TEST_P(Life, OfTheCloserIsNotEndedByASignalToTheProcessGroup) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 30s\n");
    const auto crowd = crowd_that_never_closes(httpd.port(), 5);
    ASSERT_TRUE(wait_until(2s, [&] { return httpd.counters().held() == 5; }));
    const pid_t closer = httpd.closer_pid();
    EXPECT_NE(getpgid(closer), getpgid(httpd.pid()));
    httpd.restart();  // prefork signals its group
    EXPECT_EQ(httpd.closer_pid(), closer);
    EXPECT_EQ(httpd.counters().held(), 5U);
}

TEST_P(Life, OfTwoHttpdsIsSeparate) {
    Httpd one(mpm, "FinWaitDrainIdleTimeout 20s\n");
    Httpd other(mpm, "FinWaitDrainIdleTimeout 20s\n");
    EXPECT_NE(one.closer_pid(), other.closer_pid());
    const auto ones = crowd_that_never_closes(one.port(), 30);
    const auto others = crowd_that_never_closes(other.port(), 20);
    ASSERT_TRUE(wait_until(
        2s, [&] { return one.counters().held() == 30 && other.counters().held() == 20; }));
    one.graceful();
    one.stop();
    EXPECT_EQ(read(one.counters().module().closes), read(one.counters().closer().records));
    EXPECT_EQ(other.counters().held(), 20U);
    expect_a_recorded_close(other);
}

INSTANTIATE_TEST_SUITE_P(Each, Life, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
