// SPDX-License-Identifier: Apache-2.0
//
// What can be taken back by nobody is tried in a process of its own.
#include "closer/sandbox/steps.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <thread>

#include "closer/unique_fd.hpp"

namespace finwait {
namespace {

using testing::ExitedWithCode;

// The end of a process that shows what it was for: 0, or a line that says what was not so.
void expect(bool is_so, const char* what) {
    if (is_so) return;
    std::fprintf(stderr, "%s: errno %d\n", what, errno);
    ::_exit(1);
}

// Skips where the system or the build has none; anything else that is refused is a failure.
std::string why_not(std::string (*step)()) {
    std::string refused;
    int ends[2];
    EXPECT_EQ(0, ::pipe2(ends, O_CLOEXEC));
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        const std::string why = step();
        expect(::write(writer.get(), why.data(), why.size()) >= 0, "write");
        ::_exit(0);
    }
    writer.reset();
    char buffer[256];
    for (ssize_t size; (size = ::read(reader.get(), buffer, sizeof buffer)) > 0;)
        refused.append(buffer, static_cast<std::size_t>(size));
    return refused;
}

struct SandboxSteps : testing::Test {
    void SetUp() override {
        if (kIsInstrumented) GTEST_SKIP() << "a sanitizer makes calls of its own";
        GTEST_FLAG_SET(death_test_style, "threadsafe");
    }
};

void show_that_landlock_forbids() {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const UniqueFd open_before(::open("/proc/self/statm", O_RDONLY));
    expect(restrict_by_landlock().empty(), "restrict");
    char byte = 0;
    expect(::pread(open_before.get(), &byte, 1, 0) == 1, "read of what was open");
    for (const char* path : {"/etc/passwd", "/dev/null", "/proc/self/statm", "/"})
        expect(::open(path, O_RDONLY) < 0 && errno == EACCES, path);
    ::_exit(0);
}

TEST_F(SandboxSteps, OfLandlockLeaveOnlyWhatIsOpen) {
    const std::string refused = why_not(restrict_by_landlock);
    if (!refused.empty()) GTEST_SKIP() << refused;
    EXPECT_EXIT(show_that_landlock_forbids(), ExitedWithCode(0), "");
}

void show_that_calls_are_refused() {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int ends[2];
    expect(::pipe(ends) == 0, "pipe");
    int errno_of_thread = 0;
    std::thread other([&] {
        char byte = 0;
        while (::read(ends[0], &byte, 1) != 1) {
        }
        errno_of_thread = ::socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
    });
    expect(filter_by_seccomp().empty(), "filter");
    expect(::write(ends[1], "x", 1) == 1, "write");
    other.join();
    expect(errno_of_thread == ENOSYS, "socket() of another thread");
    expect(refused_call() == "socket", "which call was refused");
    expect(::open("/etc/passwd", O_RDONLY) < 0 && errno == ENOSYS, "open");
    expect(refused_call() == "openat", "which call was refused");
    sigset_t all, before;  // as later C libraries do
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &before);
    expect(::fork() < 0 && errno == ENOSYS, "fork");
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    expect(::syscall(SYS_execve, "/bin/true", nullptr, nullptr) < 0 && errno == ENOSYS, "execve");
    expect(::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
               MAP_FAILED,
           "memory to execute");
    expect(::kill(::getppid(), 0) < 0 && errno == ENOSYS, "kill");
    static_cast<void>(refused_call());
    expect(refused_call().empty(), "told once");
    ::_exit(0);
}

TEST_F(SandboxSteps, OfSeccompRefuseEveryOtherCallInEveryThreadAndTell) {
    const std::string refused = why_not(filter_by_seccomp);
    if (!refused.empty()) GTEST_SKIP() << refused;
    EXPECT_EXIT(show_that_calls_are_refused(), ExitedWithCode(0), "");
}

TEST_F(SandboxSteps, ThatAFilterWouldKillForAreNotTaken) {
    EXPECT_FALSE(is_deadly([] {}));
    EXPECT_FALSE(is_deadly([] { ::_exit(3); }));
}

}  // namespace
}  // namespace finwait
