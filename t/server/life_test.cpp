// SPDX-License-Identifier: Apache-2.0
//
// The ways to run httpd: as an ordinary user, in the foreground, as one process, twice.
#include <gtest/gtest.h>
#include <sys/stat.h>

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
