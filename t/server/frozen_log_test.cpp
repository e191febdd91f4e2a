// SPDX-License-Identifier: Apache-2.0
//
// Log files on a file system that hangs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "clients/can.hpp"
#include "clients/crowd.hpp"
#include "clients/frozen_disk.hpp"
#include "server/status.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class FrozenLog : public testing::Test {
  protected:
    void SetUp() override {
        SKIP_IF(why_no_frozen_disk());
        disk = std::make_unique<FrozenDisk>(Suite::dir());
    }

    std::unique_ptr<Httpd> httpd_with_its_log_there() {
        return std::make_unique<Httpd>(Mpm::event,
                                       "FinWaitLog " + disk->dir() + "/finwait.log\n" + R"(
            FinWaitDrainIdleTimeout 300ms
            FinWaitTimeout 300ms
        )" + kStatusLocation,
                                       HttpdOptions{.with_log = false});
    }
    std::size_t lines() const {
        return std::ranges::count(read_file(disk->dir() + "/finwait.log"), '\n');
    }
    static void one_close(Httpd& httpd) {
        Client client = httpd.client(Transport::plain, {.user_agent = "t/frozen"});
        EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
        EXPECT_EQ(client.wait_end(), End::fin);
    }
    // And the log's thread hangs with the line of one close.
    void freeze(Httpd& httpd) {
        one_close(httpd);
        ASSERT_EVENTUALLY(lines(), 1U);
        disk->freeze();
        one_close(httpd);
        ASSERT_EVENTUALLY(httpd.counters().unwritten(), 1U);
    }

    std::unique_ptr<FrozenDisk> disk;
};

TEST_F(FrozenLog, HoldsUpNoSocketAndGetsItsRecordsWhenItThaws) {
    const auto httpd = httpd_with_its_log_there();
    freeze(*httpd);
    const auto crowd = crowd_that_never_closes(httpd->port(), 20);
    const auto& closer = httpd->counters().closer();
    EXPECT_EVENTUALLY(read(closer.outcomes[static_cast<std::size_t>(Outcome::timeout)]), 20U)
        << "FinWaitTimeout holds";
    EXPECT_EQ(httpd->counters().held(), 0U);
    EXPECT_EQ(read(closer.records), 1U);
    const auto sentence = [&] {
        return Json(answered(*httpd, "?json").body).text("/verdict/sentence");
    };
    EXPECT_EVENTUALLY(sentence(), HasSubstr("/disk/finwait.log has taken nothing since 20"));
    disk->thaw();
    ASSERT_TRUE(httpd->wait_settled(22));
    EXPECT_EQ(read(closer.records), httpd->counters().closes()) << httpd->counters();
    EXPECT_EVENTUALLY(lines(), read(closer.records));
    EXPECT_EVENTUALLY(sentence(), Not(HasSubstr("has taken nothing")));
}

TEST_F(FrozenLog, HoldsUpNoStopAndWhatItDidNotTakeIsCounted) {
    const auto httpd = httpd_with_its_log_there();
    httpd->expect_error("could not be written before the end: 5 lines of log");
    freeze(*httpd);
    for (int i = 0; i < 4; ++i) one_close(*httpd);
    ASSERT_EVENTUALLY(httpd->counters().unwritten(), 5U);
    httpd->stop();
    // httpd waits a second for its closer, and no longer.
    EXPECT_EVENTUALLY(read(httpd->counters().closer().dropped), 5U) << httpd->counters();
    EXPECT_EVENTUALLY(httpd->counters().unwritten(), 0U);
    disk->thaw();
}

std::string states_of_threads(pid_t pid) {
    std::string states;
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        const std::string stat = read_file(task.path() / "stat");
        states += stat.substr(stat.rfind(')') + 2, 1);
    }
    return states;
}

// No signal ends it before the disk thaws, and no process is reaped before its last thread.
TEST_F(FrozenLog, LeavesAKilledCloserUndeadAndAnotherServes) {
    const auto httpd = httpd_with_its_log_there();
    httpd->expect_error("it hangs, and is killed");
    freeze(*httpd);
    const pid_t first = httpd->closer_pid();
    ASSERT_EVENTUALLY(states_of_threads(first), HasSubstr("D"));
    kill(first, SIGKILL);
    EXPECT_EVENTUALLY(httpd->closer_pids(), testing::Contains(testing::Ne(first)));
    EXPECT_EQ(read(httpd->counters().closer().lost), 1U) << "whose line was being written";
    const auto received = [&] { return read(httpd->counters().closer().received); };
    const std::uint64_t before = received();
    one_close(*httpd);
    EXPECT_EVENTUALLY(received(), before + 1);
    disk->thaw();
    EXPECT_EVENTUALLY(std::filesystem::exists("/proc/" + std::to_string(first)), false);
    EXPECT_TRUE(httpd->wait_settled());
}

}  // namespace
}  // namespace finwait::test
