// SPDX-License-Identifier: Apache-2.0
//
// Full load in poor surroundings: small channel buffers, few descriptors. The sysctl is the
// machine's, so it is put back whatever happens.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <stdexcept>

#include "clients/can.hpp"
#include "clients/crowd.hpp"
#include "server/each.hpp"
#include "server/make_requests.hpp"

namespace finwait::test {
namespace {

// One test at a time, over all test programs (shards): a second one would take the first one's
// value for the machine's and put that back.
class WmemMax {
  public:
    explicit WmemMax(const std::string& value) {
        if (access(kPath, W_OK) != 0)
            cannot_be_tried(
                "net.core.wmem_max cannot be set here (the machine's own network, as root)");
        if (lock_ < 0) cannot_be_tried("no lock can be had in /run/lock");
        if (flock(lock_, LOCK_EX) != 0) throw std::runtime_error("no lock for sysctl");
        const std::string before = read_file(kPath);
        Suite::set_undo([before] { write_file(kPath, before); });
        write_file(kPath, value);
    }
    ~WmemMax() {
        Suite::undo();
        close(lock_);
    }
    WmemMax(const WmemMax&) = delete;
    WmemMax& operator=(const WmemMax&) = delete;

  private:
    static constexpr const char* kPath = "/proc/sys/net/core/wmem_max";
    int lock_ = open("/run/lock/finwait-tests.wmem_max", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
};

using FullLoad = PerMpm;
constexpr std::uint64_t kTogether = 2000;  // more than a lane of the channel holds here

TEST_P(FullLoad, DeclinesNoHandoffWithTheDefaultBufferAndASoftLimitOf1024) {
    SKIP_IF(why_no_wmem_max());
    const WmemMax small("212992");
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 2s\n",
                {.launcher = {"prlimit", "--nofile=1024:20000"}});
    const auto crowd = crowd_that_never_closes(httpd.port(), 500);
    Load load(httpd.port(), 8, Load::Allowed{});
    make_requests(httpd, load, 6000, kTogether);
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    ASSERT_TRUE(httpd.wait_settled());
    EXPECT_EQ(httpd.counters().declined(), 0U) << httpd.counters();
}

// A user who may not force the buffer's size has room for some 4,400: the same must hold.
TEST_P(FullLoad, DeclinesNoHandoffOfAnOrdinaryUsersHttpd) {
    SKIP_IF(why_no_other_user());
    SKIP_IF(why_no_wmem_max());
    const WmemMax small("212992");
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 2s\n",
                {.user = "nobody", .launcher = {"prlimit", "--nofile=1024:20000"}});
    Load load(httpd.port(), 8, Load::Allowed{});
    make_requests(httpd, load, 6000, kTogether);
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    ASSERT_TRUE(httpd.wait_settled());
    EXPECT_EQ(httpd.counters().declined(), 0U) << httpd.counters();
}

INSTANTIATE_TEST_SUITE_P(Each, FullLoad, testing::ValuesIn(kEachMpm), NameOf());

// The closer stands still: the channel fills, httpd closes the rest itself and every one counts.
TEST(Channel, ThatIsFullDeclinesAndLosesNothing) {
    SKIP_IF(why_no_other_user());
    SKIP_IF(why_no_wmem_max());
    const WmemMax small("4608");  // full long before anybody sees that the closer hangs
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 500ms\n", {.user = "nobody"});
    const pid_t closer = httpd.closer_pid();
    kill(closer, SIGSTOP);
    Load load(httpd.port(), 4);
    const auto& counters = httpd.counters();
    EXPECT_EVENTUALLY(counters.declined(Decline::channel_full), testing::Gt(50U));
    kill(closer, SIGCONT);
    ASSERT_TRUE(load.wait_for(100));
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    ASSERT_TRUE(httpd.wait_settled());
}

TEST(Channel, DescriptorsInFlightBeyondTheLimitAreDeclinedByTheirOwnName) {
    Httpd httpd(Mpm::event, "FinWaitDrainIdleTimeout 500ms\n",
                {.launcher = {"prlimit", "--nofile=400:400"}});
    const pid_t closer = httpd.closer_pid();
    kill(closer, SIGSTOP);
    const auto crowd = crowd_that_never_closes(httpd.port(), 500);
    const auto& counters = httpd.counters();
    EXPECT_EVENTUALLY(counters.declined(Decline::too_many_descriptors), testing::Gt(0U));
    kill(closer, SIGCONT);
    ASSERT_TRUE(httpd.wait_settled());
}

}  // namespace
}  // namespace finwait::test
