// SPDX-License-Identifier: Apache-2.0
//
// The server tests: a real httpd, real sockets. What needs root, namespaces or sysctl is skipped
// with its reason where it cannot be had.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <thread>

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

}  // namespace

int main(int argc, char** argv) {
    finwait::test::become_program_without_calls(argv);
    testing::InitGoogleTest(&argc, argv);
    if (testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
    signal(SIGPIPE, SIG_IGN);
    end_everything_on_a_signal();
    // Daemons that the tests start become children of this process, so none can get lost.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    try {
        finwait::test::Suite::set_up();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "server-tests: %s\n", error.what());
        return 1;
    }
    const int result = RUN_ALL_TESTS();
    finwait::test::Suite::tear_down();
    bool left_running = false;
    for (const pid_t pid : finwait::test::children_of(getpid())) {
        if (!finwait::test::is_running(pid)) continue;
        left_running = true;
        std::fprintf(stderr, "server-tests: left running: %d %s\n", pid,
                     finwait::test::command_name(pid).c_str());
    }
    return result != 0 || left_running ? 1 : 0;
}
