// SPDX-License-Identifier: Apache-2.0
//
// What a stop waits for, so that it finds nothing half done.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "server/httpd.hpp"

namespace finwait::test {
namespace {

// For who reads why a test has failed: the call and the lock that it waits for, and the signals
// that it blocks.
void tell_where(pid_t pid) {
    std::fprintf(stderr, "process %d is still there:\n", pid);
    for (const char* file : {"wchan", "syscall", "status", "maps"})
        std::fprintf(stderr, "%s\n",
                     read_file("/proc/" + std::to_string(pid) + "/" + file).c_str());
}

// malloc's locks are the C library's own data.
bool waits_for_malloc(pid_t pid) {
    const std::string of = "/proc/" + std::to_string(pid) + "/";
    std::istringstream call(read_file(of + "syscall"));
    long number = -1;
    std::uint64_t lock = 0, begin = 0, end = 0;
    if (!(call >> number >> std::hex >> lock) || number != SYS_futex) return false;
    std::istringstream maps(read_file(of + "maps"));
    char dash = 0;
    for (std::string rest; maps >> std::hex >> begin >> dash >> end && std::getline(maps, rest);)
        if (begin <= lock && lock < end) return rest.find("/libc.so.") != std::string::npos;
    return false;
}

}  // namespace

// SIGTERM and SIGHUP make a child of prefork exit from its signal handler (prefork.c, just_die()).
// Where that has interrupted malloc(), OpenSSL's cleanup waits for malloc's lock until httpd kills
// the child after nine seconds: stock's own, seen in SSL_new() of a connection that httpd makes to
// itself to wake a child.
bool Httpd::wait_out_children(const std::function<bool(milliseconds limit)>& wait) {
    // It asks them again after three seconds.
    if (wait(6s)) return true;
    for (const pid_t pid : descendants_of(parent_)) {
        tell_where(pid);
        if (waits_for_malloc(pid))
            expect_error("child process " + std::to_string(pid) + " still did not exit");
    }
    return wait(kPatience);
}

void Httpd::stop() {
    end_watch();
    if (stopped_ || parent_ <= 0) return;
    let_workers_rest();
    for (const pid_t pid : descendants_of(parent_)) seen_.insert(pid);
    kill(parent_, SIGTERM);
    if (wait_out_children([&](milliseconds limit) { return wait_stopped(limit); })) return;
    ADD_FAILURE() << "httpd did not stop\n" << error_log();
    kill_tree();
}

bool Httpd::wait_stopped(milliseconds limit) {
    stopped_ = wait_until(limit, [&] {
        // The test program is the subreaper, so a daemon's parent process is its child.
        if (options_.run == Run::daemon)
            waitpid(parent_, nullptr, WNOHANG);
        else
            (void)foreground_.wait(0ms);
        return !is_running(parent_);
    });
    if (stopped_) end_watch();
    return stopped_;
}

void Httpd::kill_tree() {
    auto tree = descendants_of(parent_);
    tree.push_back(parent_);
    for (const pid_t pid : tree) kill(pid, SIGKILL);
    (void)wait_stopped(kPatience);
}

// An ungraceful end closes the workers' sockets, and the one that a worker has just closed is freed
// memory (event.c, close_worker_sockets): stock httpd died of it in one of 1,600 stops.
void Httpd::let_workers_rest() const {
    (void)wait_until(5s, [&] {
        return !has_busy_thread(parent_) && std::ranges::none_of(children(), has_busy_thread);
    });
}

// A child that SIGTERM finds between its FIN and the counter of what became of the close cannot
// tell: so the closes of the clients that the test has just let go are waited for.
void Httpd::let_closes_finish() const {
    (void)wait_until(10s, [&] {
        if (counters_) {
            const Counters now = counters_->snapshot();
            if (read(now.module().untold) != 0 || !now.module_is_consistent()) return false;
        }
        std::istringstream sockets(read_file("/proc/net/tcp"));
        for (std::string line; std::getline(sockets, line);) {
            std::istringstream columns(line);
            std::string slot, local, peer, state;
            columns >> slot >> local >> peer >> state;
            const auto colon = local.find(':');
            if (state != "08" /* CLOSE_WAIT */ || colon == std::string::npos) continue;
            const int port = std::stoi(local.substr(colon + 1), nullptr, 16);
            if (port == plain_ || port == tls_) return false;
        }
        return true;
    });
}

}  // namespace finwait::test
