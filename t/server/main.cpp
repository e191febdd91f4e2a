// SPDX-License-Identifier: Apache-2.0
//
// The server tests: a real httpd, real sockets. What needs root, namespaces or sysctl is skipped
// with its reason where it cannot be had.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <thread>
#include <vector>

#include "server/httpd.hpp"
#include "server/without.hpp"

namespace {

// Interrupted (Ctrl-C, a CI timeout): end every server that a test has started, then this program.
void end_everything_on_a_signal() {
    sigset_t ending;
    sigemptyset(&ending);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ending, number);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);
    std::thread([ending] {
        int number = 0;
        sigwait(&ending, &number);
        for (const pid_t pid : finwait::test::descendants_of(getpid())) kill(pid, SIGKILL);
        finwait::test::Suite::undo();
        _exit(128 + number);
    }).detach();
}

// Those of a program that a test has run, as Chromium's helpers, outlive it for a moment.
bool all_children_end() {
    using namespace finwait::test;
    std::vector<pid_t> running;
    (void)wait_until(kPatience, [&] {
        running = children_of(getpid());
        std::erase_if(running, [](pid_t pid) { return !is_running(pid); });
        return running.empty();
    });
    for (const pid_t pid : running)
        std::fprintf(stderr, "server-tests: left running: %d %s\n", pid, command_name(pid).c_str());
    return running.empty();
}

}  // namespace

int main(int argc, char** argv) {
    finwait::test::become_program_without_calls(argv);
    testing::InitGoogleTest(&argc, argv);
    if (testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
    signal(SIGPIPE, SIG_IGN);
    end_everything_on_a_signal();
    // Daemons that the tests start become children of this process, so none can get lost.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    finwait::test::raise_descriptor_limit();
    try {
        finwait::test::Suite::set_up();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "server-tests: %s\n", error.what());
        return 1;
    }
    const int result = RUN_ALL_TESTS();
    finwait::test::Suite::tear_down();
    return !all_children_end() || result != 0 ? 1 : 0;
}
