// SPDX-License-Identifier: Apache-2.0
//
// The module is taken out of the configuration of a running httpd, as a2dismod and a reload do.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "clients/can.hpp"
#include "clients/crowd.hpp"
#include "finwait/control.hpp"
#include "server/config.hpp"
#include "server/each.hpp"
#include "server/recorded_close.hpp"

namespace finwait::test {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

// A closer that waits a moment for a configuration, where the product's waits a minute.
std::string impatient_closer() {
    const std::string file = Suite::dir() + "/impatient-closer";
    // The copy that an ordinary user's httpd can reach.
    install_script("exec " + Suite::dir() + "/finwait-closer --configuration-within 300 \"$@\"\n",
                   file);
    return "FinWaitCloser " + file + "\n";
}

std::vector<std::string> open_in(pid_t pid) {
    std::vector<std::string> targets;
    const std::string fds = "/proc/" + std::to_string(pid) + "/fd";
    for (const auto& entry : std::filesystem::directory_iterator(fds)) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone);
        if (gone == std::errc::permission_denied) cannot_be_tried(kNoDescriptorsOfOthers);
        targets.push_back(target);
    }
    return targets;
}

struct Disabled : PerMpm {
    Httpd httpd{mpm,
                impatient_closer() +
                    "FinWaitLog \"|$echo $$ >${dir}/cat.pid; exec cat >>${dir}/piped.log\"\n"
                    "FinWaitDrainIdleTimeout 60s\nFinWaitDrainTimeout 60s\n",
                {.with_log = false}};
    const std::string with = read_file(httpd.dir() + "/httpd.conf");

    std::string pid_of_program() const { return read_file(httpd.dir() + "/cat.pid"); }
    void configure(const std::string& config) {
        write_file(httpd.dir() + "/httpd.conf", config);
        httpd.graceful();
    }
    Reply a_close() {
        Client client = httpd.client();
        return client.get("/small", "Connection: close\r\n");
    }
};

TEST_P(Disabled, IsFollowedByTheEndOfCloserAndLogPrograms) {
    ASSERT_EVENTUALLY(pid_of_program(), EndsWith("\n"));
    const pid_t program = std::stoi(pid_of_program());
    const pid_t closer = httpd.closer_pid();
    auto crowd = crowd_that_never_closes(httpd.port(), 5);
    ASSERT_EVENTUALLY(httpd.counters().held(), 5U);
    configure(without_module(with));
    EXPECT_TRUE(a_close().complete);
    for (Client& client : crowd) client.close();
    EXPECT_EVENTUALLY(is_running(closer), false);
    EXPECT_EVENTUALLY(is_running(program), false);
    // An old child may have accepted one more before it knew.
    const std::uint64_t taken_over = httpd.counters().closes();
    EXPECT_THAT(taken_over, AnyOf(5U, 6U));
    EXPECT_EQ(httpd.records("piped.log").size(), taken_over) << "of what it held, and no more";
    EXPECT_EQ(read(httpd.counters().closer().lost), 0U);
    EXPECT_THAT(open_in(httpd.pid()), Not(Contains(HasSubstr("memfd:finwait"))));
}

TEST_P(Disabled, AndEnabledAgainWorksAsAtTheStart) {
    const pid_t closer = httpd.closer_pid();
    configure(without_module(with));
    ASSERT_EVENTUALLY(is_running(closer), false);
    const std::string first = pid_of_program();
    configure(with);
    EXPECT_NE(httpd.closer_pid(), closer);
    EXPECT_TRUE(a_close().complete);
    EXPECT_EVENTUALLY(httpd.records("piped.log"), SizeIs(1));
    EXPECT_NE(pid_of_program(), first);
    httpd.graceful();
    EXPECT_TRUE(a_close().complete);
    EXPECT_EVENTUALLY(httpd.records("piped.log"), SizeIs(2));
}

INSTANTIATE_TEST_SUITE_P(Each, Disabled, testing::ValuesIn(kEachMpm), NameOf());

constexpr int kSmallWindow = 4096;

bool has_let_go(pid_t closer) {
    const std::string deposit = std::to_string(kDepositFd);
    return !std::filesystem::exists("/proc/" + std::to_string(closer) + "/fd/" + deposit);
}

// A download that outlasts the reload is still a child's with the module.
TEST(DisabledModule, ServesTheChildrenThatAreLeft) {
    SKIP_IF(why_no_look_into_a_closer());
    Httpd httpd(Mpm::event, impatient_closer());
    const pid_t closer = httpd.closer_pid();
    Client client = httpd.client(Transport::plain, {.receive_buffer = kSmallWindow});
    client.ask("/10m", "Connection: close\r\n");
    ASSERT_FALSE(client.read_some(1000).empty());
    const std::string with = read_file(httpd.dir() + "/httpd.conf");
    write_file(httpd.dir() + "/httpd.conf", without_module(with));
    httpd.graceful();
    ASSERT_EVENTUALLY(has_let_go(closer), true);
    EXPECT_TRUE(is_running(closer));
    client.read_to_end();
    client.close();
    EXPECT_EQ(httpd.record_of(client).drain, Drain::fin);
    EXPECT_EVENTUALLY(is_running(closer), false);
}

// Started by an ordinary user, whose descriptors in flight are counted.
TEST(DisabledModule, OfAnOrdinaryUsersHttpdEndsItsCloserToo) {
    SKIP_IF(why_no_other_user());
    Httpd httpd(Mpm::event, impatient_closer(), {.user = "nobody"});
    expect_a_recorded_close(httpd);
    const pid_t closer = httpd.closer_pid();
    write_file(httpd.dir() + "/httpd.conf", without_module(read_file(httpd.dir() + "/httpd.conf")));
    httpd.graceful();
    EXPECT_EVENTUALLY(is_running(closer), false);
}

}  // namespace
}  // namespace finwait::test
