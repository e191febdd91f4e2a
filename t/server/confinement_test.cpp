// SPDX-License-Identifier: Apache-2.0
//
// What the closer has given up, and that it starts and serves wherever httpd does.
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/syscall.h>

#include <cerrno>
#include <filesystem>
#include <sstream>

#include "server/can_confine.hpp"
#include "server/each.hpp"
#include "server/recorded_close.hpp"
#include "server/status.hpp"
#include "server/without.hpp"

namespace finwait::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string status_of(pid_t pid, const std::string& field) {
    std::istringstream lines(read_file("/proc/" + std::to_string(pid) + "/status"));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(field + ":\t")) return line.substr(field.size() + 2);
    return "no " + field;
}

void expect_no_capability(pid_t pid) {
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
        EXPECT_EQ(status_of(pid, set), "0000000000000000") << set;
    EXPECT_EQ(status_of(pid, "NoNewPrivs"), "1");
}

TEST(Confinement, IsWhatTheKernelSaysTheErrorLogAndThePage) {
    SKIP_IF(why_no_confinement());
    Httpd httpd(Mpm::event, kStatusLocation);
    const pid_t closer = httpd.closer_pid();
    expect_no_capability(closer);
    EXPECT_EQ(status_of(closer, "CapBnd"), "0000000000000000");
    EXPECT_EQ(status_of(closer, "Seccomp"), "2");
    EXPECT_EQ(status_of(closer, "Groups"), " ");
    const std::string uid = std::to_string(getpwnam("www-data")->pw_uid);
    EXPECT_EVENTUALLY(httpd.error_log(), AllOf(HasSubstr("it runs as user " + uid +
                                                         ", no_groups, no_capabilities, "
                                                         "no_new_privs, not_dumpable"),
                                               HasSubstr(", seccomp\n")));
    EXPECT_THAT(httpd.error_log(), Not(HasSubstr("it goes on without")));
    const auto json = [&] { return Json(answered(httpd, "?json").body); };
    ASSERT_EVENTUALLY(json().number("/process/pid"), closer);
    EXPECT_EQ(json().number("/process/confinement/uid"), std::stoi(uid));
    for (const char* restriction : {"no_capabilities", "no_new_privs", "not_dumpable", "seccomp"})
        EXPECT_TRUE(json().is_true("/process/confinement/" + std::string(restriction)))
            << restriction;
    expect_a_recorded_close(httpd);
}

TEST(Confinement, GivesTheCloserAUserOfItsOwn) {
    SKIP_IF(why_no_confinement());
    Httpd httpd(Mpm::event, "FinWaitUser nobody\n");
    const passwd* nobody = getpwnam("nobody");
    const std::string uid = std::to_string(nobody->pw_uid), gid = std::to_string(nobody->pw_gid);
    const pid_t closer = httpd.closer_pid();
    EXPECT_EQ(status_of(closer, "Uid"), uid + "\t" + uid + "\t" + uid + "\t" + uid);
    EXPECT_EQ(status_of(closer, "Gid"), gid + "\t" + gid + "\t" + gid + "\t" + gid);
    expect_a_recorded_close(httpd);
    httpd.graceful();
    EXPECT_EQ(httpd.closer_pid(), closer);
    // Another user is another closer.
    const std::string config = read_file(httpd.dir() + "/httpd.conf");
    write_file(httpd.dir() + "/httpd.conf", config + "FinWaitUser www-data\n");
    httpd.graceful();
    EXPECT_EVENTUALLY(httpd.closer_pids(), testing::ElementsAre(testing::Ne(closer)));
    expect_a_recorded_close(httpd);
}

TEST(Confinement, OfAnOrdinaryUsersHttpdHasNoOtherUser) {
    SKIP_IF(why_no_confinement());
    Httpd httpd(Mpm::event, "FinWaitUser www-data\n", {.user = "nobody"});
    EXPECT_EVENTUALLY(httpd.error_log(), HasSubstr("FinWaitUser has no effect"));
    const std::string uid = std::to_string(getpwnam("nobody")->pw_uid);
    EXPECT_THAT(status_of(httpd.closer_pid(), "Uid"), HasSubstr(uid + "\t"));
    expect_a_recorded_close(httpd);
}

TEST(Confinement, IsInChrootDir) {
    SKIP_IF(why_no_confinement());
    Httpd httpd(Mpm::prefork, "ChrootDir ${www}\nDocumentRoot /\n");
    httpd.expect_error("exit signal Abort");  // stock: its pthread_exit() finds no libgcc_s there
    const pid_t closer = httpd.closer_pid();
    const auto root = [&] {
        const std::string link = "/proc/" + std::to_string(httpd.closer_pid()) + "/root";
        return std::filesystem::read_symlink(link).string();
    };
    EXPECT_EQ(root(), Suite::dir() + "/www");
    expect_a_recorded_close(httpd);
    httpd.graceful();
    EXPECT_EQ(httpd.closer_pid(), closer);
    // Another root is another closer.
    const std::string config = read_file(httpd.dir() + "/httpd.conf");
    write_file(httpd.dir() + "/httpd.conf",
               config + "ChrootDir " + Suite::dir() + "\nDocumentRoot /www\n");
    httpd.graceful();
    EXPECT_EVENTUALLY(httpd.closer_pids(), testing::ElementsAre(testing::Ne(closer)));
    EXPECT_EQ(root(), Suite::dir());
    expect_a_recorded_close(httpd);
}

// What is put before apache2, in place of a service manager or a container.
struct Place {
    const char* name;
    std::vector<std::string> launcher;
    std::string ambient = {};  // capabilities of an ordinary user's httpd
};

std::ostream& operator<<(std::ostream& out, const Place& place) {
    return out << place.name;
}

std::vector<std::string> in_mounts(const std::string& mounts) {
    return {"unshare", "-m", "sh", "-ec", mounts + "; exec \"$@\"", "sh"};
}

const Place kPlaces[] = {
    {"NoNewPrivs", {"setpriv", "--no-new-privs"}},
    {"DroppedCapabilities",
     {"setpriv", "--bounding-set=-all,+setuid,+setgid,+chown,+kill,+dac_override"}},
    {"AmbientCapabilities", {}, "+net_bind_service"},
    {"ReadOnlyRoot", in_mounts("mount --bind /tmp /tmp; mount -o remount,bind,ro /")},
    {"HiddenProcesses", in_mounts("mount -t proc -o hidepid=2 proc /proc")},
};

struct ConfinementIn : testing::TestWithParam<Place> {};

TEST_P(ConfinementIn, APlaceWhereHttpdServesIsWhole) {
    SKIP_IF(why_no_confinement());
    const Place& place = GetParam();
    std::vector<std::string> trial = place.launcher;
    trial.push_back("true");
    const Finished tried = run(trial);
    if (tried.exit_code != 0) GTEST_SKIP() << tried.output;
    Httpd httpd(Mpm::event, "",
                {.user = place.ambient.empty() ? "" : "nobody",
                 .launcher = place.launcher,
                 .ambient = place.ambient});
    const pid_t closer = httpd.closer_pid();
    EXPECT_EQ(status_of(httpd.pid(), "CapAmb") == "0000000000000000", place.ambient.empty());
    EXPECT_EVENTUALLY(httpd.error_log(), HasSubstr("it runs as user "));
    expect_no_capability(closer);
    EXPECT_EQ(status_of(closer, "Seccomp"), "2");
    EXPECT_THAT(httpd.error_log(), Not(HasSubstr("it goes on without")));
    expect_a_recorded_close(httpd);
    httpd.graceful();
    EXPECT_EQ(httpd.closer_pid(), closer);
    expect_a_recorded_close(httpd);
}

INSTANTIATE_TEST_SUITE_P(Each, ConfinementIn, testing::ValuesIn(kPlaces),
                         [](const auto& test) { return std::string(test.param.name); });

// What systemd's SystemCallFilter=@system-service lacks of the closer's calls.
const std::vector<long> kNotOfAService{SYS_landlock_create_ruleset, SYS_seccomp};

struct ConfinementUnderAFilter : testing::TestWithParam<int> {};

TEST_P(ConfinementUnderAFilter, GoesOnWithoutWhatThatForbidsAndSaysSoOnce) {
    SKIP_IF(why_no_confinement());
    Httpd httpd(Mpm::event, "", {.launcher = without(kNotOfAService, GetParam())});
    const pid_t closer = httpd.closer_pid();
    expect_no_capability(closer);
    EXPECT_EVENTUALLY(httpd.error_log(), AllOf(HasSubstr("it goes on without landlock: "),
                                               HasSubstr("it goes on without seccomp: ")));
    EXPECT_THAT(httpd.error_log(), HasSubstr("no_new_privs, not_dumpable\n"));
    expect_a_recorded_close(httpd);
    httpd.graceful();
    EXPECT_EQ(httpd.closer_pid(), closer);
    expect_a_recorded_close(httpd);
    const std::string log = httpd.error_log();
    EXPECT_EQ(log.find("it goes on without"), log.rfind("it goes on without landlock"));
}

INSTANTIATE_TEST_SUITE_P(Each, ConfinementUnderAFilter, testing::Values(kKilled, EPERM, ENOSYS),
                         [](const auto& test) {
                             return test.param == kKilled ? "Kills"
                                    : test.param == EPERM ? "Forbids"
                                                          : "Denies";
                         });

}  // namespace
}  // namespace finwait::test
