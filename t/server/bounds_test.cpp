// SPDX-License-Identifier: Apache-2.0
//
// No bound ends httpd: what is beyond one has a line in the error log, is counted, and the server
// goes on. What configtest can know, it says.
#include <gtest/gtest.h>

#include <filesystem>

#include "clients/crowd.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Le;
using testing::Not;

// Virtual hosts v0, v1, ..., each with so many logs of its own.
std::string hosts(int number, int logs_each, const std::string& day = "") {
    std::string text;
    for (int host = 0; host < number; ++host) {
        const std::string name = "v" + std::to_string(host);
        text += "<VirtualHost *:${plain}>\nServerName " + name + "\n";
        for (int log = 0; log < logs_each; ++log)
            text += "FinWaitLog ${dir}/" + name + "-" + std::to_string(log) + day + ".log\n";
        text += "</VirtualHost>\n";
    }
    return text;
}

void close_on(Httpd& httpd, const std::string& host) {
    Client client = httpd.client(Transport::plain, {.host = host});
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
}

std::size_t open_files(pid_t pid, const std::string& ending) {
    std::size_t open = 0;
    std::error_code gone;
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone))
        if (std::filesystem::read_symlink(entry.path(), gone).string().ends_with(ending)) ++open;
    return open;
}

constexpr char kTooMany[] = "at most 1000 different logs";
const HttpdOptions kOwnLogs{.with_log = false};

TEST(Bounds, OfLogsAreKnownToConfigtest) {
    const Finished bad = apache2_says(Mpm::event, hosts(250, 4));  // and the server's own
    EXPECT_NE(bad.exit_code, 0);
    EXPECT_THAT(bad.output, HasSubstr("FinWaitLog: 1001 different logs are named, a configuration "
                                      "may name at most 1000"));
    const Finished good = apache2_says(Mpm::event, hosts(249, 4));
    EXPECT_EQ(good.exit_code, 0) << good.output;
}

// httpd has the virtual hosts from the last to the first.
TEST(Bounds, OfLogsEndNeitherAStartNorAGracefulRestart) {
    Httpd httpd(Mpm::event, hosts(251, 4), kOwnLogs);
    httpd.expect_error(kTooMany);
    httpd.expect_error("a close names a log that is no longer open");
    EXPECT_THAT(httpd.error_log(), AllOf(HasSubstr(kTooMany), HasSubstr("v0-0.log")));
    httpd.graceful();
    close_on(httpd, "v0");
    close_on(httpd, "v250");
    EXPECT_TRUE(httpd.wait_settled(2));
    EXPECT_EQ(httpd.records("v250-0.log").size(), 1U);
    EXPECT_EQ(read(httpd.counters().closer().dropped), 1U);
}

struct Renamed {
    int hosts, logs_each, restarts;
};

struct NamesThatAllChange : testing::TestWithParam<Renamed> {};

// As the names of days do: old and new ones are counted apart.
TEST_P(NamesThatAllChange, AreNoEndOfAnyRestart) {
    const auto [number, logs_each, restarts] = GetParam();
    const std::string first = hosts(number, logs_each, "-day");
    Httpd httpd(Mpm::event, first, kOwnLogs);
    const std::string conf = httpd.dir() + "/httpd.conf";
    const std::string text = read_file(conf);
    const auto begin = text.find(first);
    ASSERT_NE(begin, std::string::npos);
    for (int day = 1; day <= restarts; ++day) {
        std::string next = text;
        next.replace(begin, first.size(), hosts(number, logs_each, "-" + std::to_string(day)));
        write_file(conf, next);
        httpd.graceful();
    }
    close_on(httpd, "v" + std::to_string(number - 1));
    EXPECT_TRUE(httpd.wait_settled(1));
    const std::string last = "-" + std::to_string(restarts) + ".log";
    EXPECT_EQ(httpd.records("v" + std::to_string(number - 1) + "-0" + last).size(), 1U);
    const auto two = static_cast<std::size_t>(2 * number * logs_each);
    EXPECT_LE(open_files(httpd.pid(), ".log"), two + 1);  // and the error log
    EXPECT_EVENTUALLY(open_files(httpd.closer_pid(), ".log"), Le(two));
}

INSTANTIATE_TEST_SUITE_P(Each, NamesThatAllChange,
                         testing::Values(Renamed{334, 1, 6}, Renamed{150, 4, 3}));

TEST(Bounds, OfDescriptorsLeaveHttpdWhatItNeeds) {
    Httpd httpd(Mpm::event, hosts(150, 4),
                {.with_log = false, .launcher = {"prlimit", "--nofile=500:500"}});
    httpd.expect_error("FinWaitLogs could not be opened, because httpd needs the descriptors");
    httpd.expect_error("a close names a log that is no longer open");
    EXPECT_THAT(httpd.error_log(), HasSubstr("because httpd needs the descriptors"));
    httpd.graceful();
    close_on(httpd, "v0");
    close_on(httpd, "v149");
    EXPECT_TRUE(httpd.wait_settled(2));
    EXPECT_EQ(httpd.records("v149-0.log").size(), 1U);
    EXPECT_EQ(read(httpd.counters().closer().dropped), 1U);
}

TEST(Bounds, AMissingFolderOfALogIsNone) {
    Httpd httpd(Mpm::event, "FinWaitLog ${dir}/later/x.log\n", kOwnLogs);
    httpd.expect_error("its Records are dropped until the next restart");
    httpd.expect_error("a close names a log that is no longer open");
    close_on(httpd, "localhost");
    EXPECT_EVENTUALLY(read(httpd.counters().closer().dropped), 1U);
    std::filesystem::create_directory(httpd.dir() + "/later");
    httpd.graceful();
    close_on(httpd, "localhost");
    EXPECT_TRUE(httpd.wait_settled(2));
    EXPECT_EQ(httpd.records("later/x.log").size(), 1U);
    std::filesystem::rename(httpd.dir() + "/later", httpd.dir() + "/moved");
    httpd.expect_error("the one that is open goes on until the next restart");
    httpd.graceful();
    close_on(httpd, "localhost");
    EXPECT_TRUE(httpd.wait_settled(3));
    EXPECT_EQ(httpd.records("moved/x.log").size(), 2U);
}

TEST(Configtest, SaysThatALogsFolderIsMissing) {
    const Finished said = apache2_says(Mpm::event, "FinWaitLog /nowhere/x.log\n");
    EXPECT_EQ(said.exit_code, 0) << said.output;  // as for CustomLog
    EXPECT_THAT(said.output, HasSubstr("'/nowhere/x.log' cannot be opened, its folder is missing"));
    EXPECT_THAT(apache2_says(Mpm::event, "FinWaitLog |/nowhere/x\n").output,
                Not(HasSubstr("folder")));
}

TEST(Configtest, RefusesACloserThatCannotBeExecuted) {
    for (const char* path : {"/nowhere/finwait-closer", "/tmp", "/etc/passwd"}) {
        const Finished said = apache2_says(Mpm::event, "FinWaitCloser " + std::string(path) + "\n");
        EXPECT_NE(said.exit_code, 0) << path;
        EXPECT_THAT(said.output, HasSubstr("FinWaitCloser: '" + std::string(path) +
                                           "' is not a file that can be executed"));
    }
}

}  // namespace
}  // namespace finwait::test
