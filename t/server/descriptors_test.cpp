// SPDX-License-Identifier: Apache-2.0
//
// What descriptors httpd, its children, the closer and log programs hold.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "clients/can.hpp"
#include "finwait/control.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::AllOf;
using testing::Contains;

std::string target_of(pid_t pid, const std::string& fd) {
    std::error_code gone;
    const std::string target =
        std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/fd/" + fd, gone);
    if (gone == std::errc::permission_denied) cannot_be_tried(kNoDescriptorsOfOthers);
    return target;
}

std::set<std::string> targets_of(pid_t pid) {
    std::set<std::string> targets;
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd"))
        targets.insert(target_of(pid, entry.path().filename()));
    return targets;
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

TEST_P(Descriptors, OfAChildAreOnlyTheSendingEnd) {
    bool is_worker = false;
    for (const pid_t child : httpd.children()) {
        const auto not_its_own = [&] {
            std::set<std::string> held = targets_of(child);
            std::erase_if(held, [&](const std::string& target) {
                return target != channel_receive && target != control && target != parent_control &&
                       target.find("finwait-closer-counters") == std::string::npos;
            });
            return held;
        };
        // One that has just been forked comes to that in its child_init.
        EXPECT_EVENTUALLY(not_its_own(), testing::IsEmpty()) << child;
        is_worker = is_worker || targets_of(child).contains(channel_send);
    }
    EXPECT_TRUE(is_worker);
}

TEST_P(Descriptors, OfCgidsDaemonAreNoneOfOurs) {
    // The daemon is the child that listens on the script socket and not on a port.
    std::size_t daemons = 0;
    for (const pid_t child : httpd.children()) {
        if (targets_of(child).contains(channel_send)) continue;
        ++daemons;
        for (const std::string& target : targets_of(child)) {
            EXPECT_NE(target, channel_receive);
            EXPECT_NE(target, control);
            EXPECT_NE(target, parent_control);
            EXPECT_EQ(target.find("memfd:finwait"), std::string::npos);
        }
    }
    EXPECT_EQ(daemons, 1U);
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

TEST_P(Descriptors, OfALogProgramAreNoneOfOurs) {
    std::size_t programs = 0;
    for (const pid_t child : children_of(httpd.pid())) {
        if (command_name(child) != "cat") continue;
        ++programs;
        EXPECT_LE(targets_of(child).size(), 3U) << testing::PrintToString(targets_of(child));
    }
    EXPECT_EQ(programs, 1U);
}

INSTANTIATE_TEST_SUITE_P(Each, Descriptors, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
