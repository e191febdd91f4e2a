// SPDX-License-Identifier: Apache-2.0
//
// What a system may lack: one line in the error log tells, and httpd serves.
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "clients/can.hpp"
#include "server/each.hpp"
#include "server/without.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// As stock httpd does.
void expect_it_serves_and_lingers_itself(Httpd& httpd) {
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
    EXPECT_TRUE(httpd.lingers_itself(client));
}

struct Lack {
    const char* name;
    std::vector<std::string> launcher;
    const char* error;  // the first words of its line, as the system says it
};

struct WithoutMemory : testing::TestWithParam<Lack> {};

// Nothing can be shared with a closer then: the module is there and does nothing.
TEST_P(WithoutMemory, HttpdServesAsStock) {
    SKIP_IF(why_no_other_user());  // seccomp and a mount namespace take root
    const std::string build = Suite::build_dir();
    Httpd httpd(Mpm::event,
                "LoadModule finwait_module " + build + "/mod_finwait.so\nFinWaitCloser " + build +
                    "/finwait-closer\nFinWaitLog ${dir}/finwait.log\n",
                {.with_module = false, .launcher = GetParam().launcher});
    httpd.expect_error("no shared memory for the counters");
    EXPECT_THAT(httpd.error_log(), HasSubstr(GetParam().error));
    expect_it_serves_and_lingers_itself(httpd);
    httpd.graceful();
    expect_it_serves_and_lingers_itself(httpd);
    EXPECT_EQ(httpd.times_logged("no shared memory for the counters"), 2U) << "it is tried again";
    EXPECT_THAT(httpd.closer_pids(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Each, WithoutMemory,
                         testing::Values(Lack{"MemfdCreate", without({SYS_memfd_create}),
                                              "Function not implemented"},
                                         Lack{"Proc",
                                              {"unshare", "-m", "sh", "-c",
                                               "mount -t tmpfs none /proc; exec \"$@\"", "-"},
                                              "No such file or directory"}),
                         [](const auto& lack) { return std::string(lack.param.name); });

struct WithoutACloser : testing::TestWithParam<Lack> {};

TEST_P(WithoutACloser, HttpdServesAndDeclines) {
    SKIP_IF(why_no_other_user());
    const bool is_ordinary = GetParam().launcher[0] == "prlimit";
    Httpd httpd(Mpm::event, "",
                {.user = is_ordinary ? "nobody" : "", .launcher = GetParam().launcher});
    httpd.expect_error("refused to start");
    ASSERT_EVENTUALLY(httpd.error_log(), HasSubstr("refused to start"));
    EXPECT_THAT(httpd.error_log(), HasSubstr(GetParam().error));
    EXPECT_EQ(httpd.times_logged("refused to start"), 1U);
    expect_it_serves_and_lingers_itself(httpd);
    EXPECT_EVENTUALLY(httpd.counters().declined(Decline::no_closer), 1U);
}

INSTANTIATE_TEST_SUITE_P(Each, WithoutACloser,
                         testing::Values(Lack{"Signalfd", without({SYS_signalfd4}),
                                              "SIGTERM cannot be received by descriptor"},
                                         Lack{"Descriptors",
                                              {"prlimit", "--nofile=100:100"},
                                              "the descriptor limit is 100, it needs at least"}),
                         [](const auto& lack) { return std::string(lack.param.name); });

// RLIMIT_FSIZE holds for shared memory, too: the books are larger.
TEST(WithoutLargeFiles, TheCloserRunsWithoutBooks) {
    Httpd httpd(Mpm::event, "", {.launcher = {"prlimit", "--fsize=1000000:1000000"}});
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
    client.close();
    EXPECT_EQ(httpd.record_of(client).drain, Drain::fin);
}

TEST(WithoutCloseRange, TheCloserRuns) {
    SKIP_IF(why_no_other_user());
    Httpd httpd(Mpm::event, "", {.launcher = without({SYS_close_range})});
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
    client.close();
    EXPECT_EQ(httpd.record_of(client).drain, Drain::fin);
}

}  // namespace
}  // namespace finwait::test
