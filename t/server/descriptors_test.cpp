// SPDX-License-Identifier: Apache-2.0
//
// What descriptors httpd, its children, the closer and log programs hold.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <system_error>

#include "clients/can.hpp"
#include "finwait/control.hpp"
#include "server/each.hpp"
#include "server/without.hpp"

namespace finwait::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Not;
using testing::Pair;

std::string target_of(pid_t pid, const std::string& fd) {
    std::error_code gone;
    const std::string target =
        std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/fd/" + fd, gone);
    if (gone == std::errc::permission_denied) cannot_be_tried(kNoDescriptorsOfOthers);
    return target;
}

// Without those that are not told any more of one that ends meanwhile.
std::set<std::string> targets_of(pid_t pid, std::error_code& ended) {
    std::set<std::string> targets;
    std::filesystem::directory_iterator entry("/proc/" + std::to_string(pid) + "/fd", ended);
    for (; !ended && entry != end(entry); entry.increment(ended))
        targets.insert(target_of(pid, entry->path().filename()));
    return targets;
}

std::set<std::string> targets_of(pid_t pid) {
    std::error_code ended;
    const auto targets = targets_of(pid, ended);
    if (ended) throw std::system_error(ended, "descriptors of process " + std::to_string(pid));
    return targets;
}

// Of shared memory of ours: by its name, whether it may be written.
std::map<std::string, bool> memory_of(pid_t pid) {
    std::map<std::string, bool> memory;
    std::istringstream lines(read_file("/proc/" + std::to_string(pid) + "/maps"));
    for (std::string line; std::getline(lines, line);) {
        const auto name = line.find("/memfd:finwait-");
        if (name == std::string::npos) continue;
        memory[line.substr(name + 15, line.find(' ', name) - name - 15)] |=
            line.find(" rw") != std::string::npos;
    }
    return memory;
}

bool is_our_memory(const std::string& target) {
    return target.find("memfd:finwait") != std::string::npos;
}

bool holds_memory(pid_t pid) {
    return std::ranges::any_of(targets_of(pid), is_our_memory);
}

// The other end of a unix socket pair, from ss: its inode is listed as the peer's port.
std::string peer_of(const std::string& socket) {
    const std::string inode = socket.substr(8, socket.size() - 9);  // socket:[N]
    std::istringstream lines(run({"ss", "-xaH"}).output);
    for (std::string netid, state, recv_q, send_q, local, port, peer, peer_port;
         lines >> netid >> state >> recv_q >> send_q >> local >> port >> peer >> peer_port;) {
        if (port == inode) return "socket:[" + peer_port + "]";
        std::string rest;
        std::getline(lines, rest);
    }
    return "none";
}

struct Descriptors : PerMpm {
    Httpd httpd{mpm, R"(
        LoadModule cgid_module ${modules}/mod_cgid.so
        ScriptSock ${dir}/run/cgisock
        FinWaitLog "|/bin/cat"
    )"};
    // A daemon that mod_cgid forks at a restart is forked before our post_config.
    bool is_restarted = (httpd.graceful(), true);
    pid_t closer = httpd.closer_pid();
    std::string channel_receive = target_of(closer, std::to_string(kFirstLaneFd));
    std::string control = target_of(closer, std::to_string(kControlFd));
    std::string channel_send = peer_of(channel_receive);
    std::string parent_control = peer_of(control);

    // Those that serve, and the other children: mod_cgid's daemon.
    std::vector<pid_t> children(bool that_serve) const {
        std::vector<pid_t> found;
        for (const pid_t child : httpd.children()) {
            std::error_code ended;
            const bool serves = targets_of(child, ended).contains(channel_send);
            if (!ended && serves == that_serve && is_running(child)) found.push_back(child);
        }
        return found;
    }
    std::vector<pid_t> workers() const { return children(true); }
    // One that has just been forked has no channel yet: it has its place in the scoreboard.
    std::vector<pid_t> daemons() const {
        std::vector<pid_t> found;
        for (const pid_t child : children(false))
            if (listens_on_a_script_socket(child)) found.push_back(child);
        return found;
    }
    bool listens_on_a_script_socket(pid_t child) const {
        const std::string listeners = run({"ss", "-xlpH"}).output;
        std::istringstream lines(listeners);
        for (std::string line; std::getline(lines, line);)
            if (line.find("cgisock") != std::string::npos &&
                line.find("pid=" + std::to_string(child) + ",") != std::string::npos)
                return true;
        return false;
    }
    void expect_nothing_of_ours(pid_t daemon) const {
        const auto held = targets_of(daemon);
        for (const std::string& ours : {channel_send, channel_receive, control, parent_control})
            EXPECT_FALSE(held.contains(ours)) << daemon;
        EXPECT_FALSE(holds_memory(daemon)) << daemon;
        EXPECT_TRUE(memory_of(daemon).empty()) << testing::PrintToString(memory_of(daemon));
    }

    void SetUp() override {
        Client client = httpd.client();
        ASSERT_TRUE(client.get("/small", "Connection: close\r\n").complete);
        ASSERT_TRUE(channel_send.starts_with("socket:[") && parent_control.starts_with("socket:["))
            << channel_receive << " " << channel_send << " " << control << " " << parent_control;
    }
};

TEST_P(Descriptors, OfTheParentAreTheOtherEnds) {
    EXPECT_THAT(targets_of(httpd.pid()), AllOf(Contains(channel_send), Contains(parent_control)));
}

// One that has just been forked has what the parent has, until it begins.
TEST_P(Descriptors, OfAChildAreOnlyTheSendingEnd) {
    for (const pid_t child : httpd.children()) {
        // Those of before the restart may end meanwhile, and then have none.
        const auto held = [&] {
            std::error_code ended;
            const auto targets = targets_of(child, ended);
            return ended ? std::set<std::string>() : targets;
        };
        EXPECT_EVENTUALLY(held(), AllOf(Not(Contains(channel_receive)), Not(Contains(control)),
                                        Not(Contains(parent_control))))
            << child;
        // Which it could map again, to write.
        EXPECT_EVENTUALLY(std::ranges::any_of(held(), is_our_memory), false) << child;
    }
    EXPECT_EVENTUALLY(workers(), Not(testing::IsEmpty()));
}

TEST_P(Descriptors, OfAChildsMemoryAreItsCountersAloneToWrite) {
    const auto pages =
        AllOf(Contains(Pair("module-counters", true)), Contains(Pair("closer-counters", false)),
              Contains(Pair("parent-flags", false)), Contains(Pair("books", false)),
              Contains(Pair("remedies", false)));
    std::size_t looked_at = 0;
    const auto look_at_the_workers = [&] {
        for (const pid_t child : workers()) {
            std::map<std::string, bool> memory;
            // It has the lanes a moment before the pages. One of before the restart may end.
            const auto has_pages_or_ended = [&] {
                memory = memory_of(child);
                return testing::Value(memory, pages) || !is_running(child);
            };
            EXPECT_EVENTUALLY(has_pages_or_ended(), true)
                << child << " " << testing::PrintToString(memory);
            if (testing::Value(memory, pages)) ++looked_at;
            for (const auto& [name, may_write] : memory)
                EXPECT_EQ(may_write, name == "module-counters") << name;
        }
        return looked_at;
    };
    EXPECT_EVENTUALLY(look_at_the_workers(), testing::Gt(0U));
}

// Whenever it was forked: before our post_config at a restart, and by the MPM's loop.
TEST_P(Descriptors, OfCgidsDaemonAreNoneOfOurs) {
    httpd.expect_error("cgid daemon process died, restarting");
    ASSERT_EVENTUALLY(daemons(), testing::SizeIs(1));  // it listens a while after its fork
    const pid_t first = daemons().front();
    expect_nothing_of_ours(first);
    kill(first, SIGKILL);
    ASSERT_EVENTUALLY(daemons(), testing::ElementsAre(testing::Ne(first)));
    expect_nothing_of_ours(daemons().front());
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
}

TEST_P(Descriptors, OfTheCloserAreItsOwn) {
    const auto held = targets_of(closer);
    EXPECT_FALSE(held.contains(channel_send));
    EXPECT_FALSE(held.contains(parent_control));
    for (const std::string& target : held) {
        EXPECT_EQ(target.find("finwait-module-counters"), std::string::npos);
        EXPECT_EQ(target.find("cgisock"), std::string::npos);
    }
    // Listening sockets above all: it would keep the port busy after httpd's end.
    const std::string listeners = run({"ss", "-tlnpH"}).output;
    EXPECT_EQ(listeners.find("pid=" + std::to_string(closer) + ","), std::string::npos)
        << listeners;
}

TEST_P(Descriptors, OfTheClosersMemoryAreNotTheChildrensCounters) {
    EXPECT_THAT(memory_of(closer),
                AllOf(Contains(Pair("closer-counters", true)), Contains(Pair("books", true)),
                      Not(Contains(Pair("module-counters", testing::_)))));
}

TEST_P(Descriptors, OfALogProgramAreNoneOfOurs) {
    std::size_t programs = 0;
    for (const pid_t child : children_of(httpd.pid())) {
        if (command_name(child) != "cat") continue;
        ++programs;
        EXPECT_LE(targets_of(child).size(), 3U) << testing::PrintToString(targets_of(child));
    }
    EXPECT_EQ(programs, 1U);
}

// Before Linux 5.9, and under some containers' filters.
TEST(DescriptorsOfTheCloser, AreItsOwnWithoutCloseRangeToo) {
    SKIP_IF(why_no_look_into_a_closer());
    std::vector<std::string> launcher = without({SYS_close_range});
    launcher.insert(launcher.end(), {"sh", "-c", "exec 9</etc/passwd; exec \"$@\"", "sh"});
    Httpd httpd(Mpm::event, "", {.launcher = launcher});
    const pid_t closer = httpd.closer_pid();
    EXPECT_TRUE(targets_of(httpd.pid()).contains("/etc/passwd"));
    EXPECT_EVENTUALLY(targets_of(closer).contains("/etc/passwd"), false);
}

// As stock: mod_cgid's daemon, and a child that never met the limit of the channel.
struct SoftLimit : PerMpm {};

TEST_P(SoftLimit, OfACgiProgramIsWhatHttpdWasStartedWith) {
    for (const char* module : {"cgi", "cgid"}) {
        Httpd httpd(mpm,
                    "LoadModule " + std::string(module) + "_module ${modules}/mod_" + module +
                        ".so\nScriptAlias /limit ${dir}/limit.sh\n"
                        "<IfModule mod_cgid.c>\nScriptSock ${dir}/run/cgisock\n</IfModule>\n",
                    {.launcher = {"prlimit", "--nofile=1024:20000"}});
        const std::string script = httpd.dir() + "/limit.sh";
        write_file(script, "#!/bin/sh\necho; ulimit -Sn\nls -l /proc/self/fd\n");
        std::filesystem::permissions(script, std::filesystem::perms(0755));
        Client client = httpd.client();
        const Reply reply = client.get("/limit", "Connection: close\r\n");
        EXPECT_EQ(reply.body.substr(0, 5), "1024\n") << module << reply.body;
        EXPECT_EQ(reply.body.find("memfd:finwait"), std::string::npos) << reply.body;
    }
}

INSTANTIATE_TEST_SUITE_P(Each, SoftLimit, testing::ValuesIn(kEachMpm), NameOf());
INSTANTIATE_TEST_SUITE_P(Each, Descriptors, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
