// SPDX-License-Identifier: Apache-2.0
//
// The system calls of a turn, and of the threads that take part in it. Any other is answered with
// ENOSYS, which the C library takes as a kernel that lacks it, and is told: a call that was
// forgotten here, or that a later C library makes, must not end the closer.
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "closer/sandbox/steps.hpp"

#ifdef FINWAIT_HAS_LIBSECCOMP
#include <linux/seccomp.h>
#include <seccomp.h>
#endif

namespace finwait {

#ifndef FINWAIT_HAS_LIBSECCOMP

std::string filter_by_seccomp() {
    return "it was built without libseccomp";
}

std::string refused_call() {
    return {};
}

#else

namespace {

constexpr int kCalls[]{
    // Its sockets, its channels.
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(shutdown),
    SCMP_SYS(close),
    // Its logs, its figures, its books' memory.
    SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(lseek),
    SCMP_SYS(fallocate),
    // Time and memory.
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday),
    SCMP_SYS(timer_settime), SCMP_SYS(timer_delete), SCMP_SYS(getrusage), SCMP_SYS(getrandom),
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    // Threads, the end.
    SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
    // What the same calls are on 32-bit machines; libseccomp passes over them elsewhere.
    SCMP_SYS(recvmmsg_time64), SCMP_SYS(ppoll_time64), SCMP_SYS(fstat64), SCMP_SYS(fstatat64),
    SCMP_SYS(_llseek), SCMP_SYS(clock_gettime64), SCMP_SYS(clock_nanosleep_time64),
    SCMP_SYS(futex_time64), SCMP_SYS(timer_settime64), SCMP_SYS(send), SCMP_SYS(recv)};

// Each allowed only as far as the argument of this number goes.
struct Limited {
    int call;
    scmp_arg_cmp argument;
};
// Not by libseccomp's macros: their literals are C's, and clang has none in C++.
const Limited kLimited[]{
    {SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, SIOCINQ, 0}},
    {SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, SIOCOUTQ, 0}},
    {SCMP_SYS(fcntl), {1, SCMP_CMP_EQ, F_GETFL, 0}},
    {SCMP_SYS(fcntl), {1, SCMP_CMP_EQ, F_SETFL, 0}},
    {SCMP_SYS(fcntl64), {1, SCMP_CMP_EQ, F_GETFL, 0}},
    {SCMP_SYS(fcntl64), {1, SCMP_CMP_EQ, F_SETFL, 0}},
    {SCMP_SYS(mmap), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
    {SCMP_SYS(mmap2), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
    {SCMP_SYS(mprotect), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
    {SCMP_SYS(tgkill), {0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid()), 0}},  // abort()
};

// Refused without a trap: the C library makes them with all signals blocked (glibc 2.41, _Fork.c),
// and a trap that is blocked ends the process.
constexpr int kMadeWithSignalsBlocked[]{SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(fork),
                                        SCMP_SYS(vfork)};
constexpr std::uint32_t kQuietRefusal = SCMP_ACT_ERRNO(ENOSYS);

std::atomic<int> refused{-1};

// Where the register of a call's result is known, the refused call tells of itself.
#if defined(__x86_64__) || defined(__aarch64__)
constexpr std::uint32_t kRefusal = SCMP_ACT_TRAP;

void on_refused_call(int, siginfo_t* info, void* context) {
    mcontext_t& registers = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    registers.gregs[REG_RAX] = -ENOSYS;
#else
    registers.regs[0] = static_cast<unsigned long long>(-ENOSYS);
#endif
    refused.store(info->si_syscall);
}

bool listen_to_refusals() {
    struct sigaction action {};
    action.sa_sigaction = on_refused_call;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    return ::sigaction(SIGSYS, &action, nullptr) == 0;
}
#else
constexpr std::uint32_t kRefusal = kQuietRefusal;

bool listen_to_refusals() {
    return true;
}
#endif

class Filter {
  public:
    Filter() : filter_(::seccomp_init(kRefusal)) {}
    ~Filter() { ::seccomp_release(filter_); }
    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;

    // 0, or a negative error as libseccomp has them.
    int fill() {
        if (filter_ == nullptr) return -ENOMEM;
        // A tree, not a list: libseccomp before 2.5 has none, and the list does as well.
        static_cast<void>(::seccomp_attr_set(filter_, SCMP_FLTATR_CTL_OPTIMIZE, 2));
        // Before Linux 5.16 a filter costs speed for what only matters to who runs foreign code.
        static_cast<void>(::seccomp_attr_set(filter_, SCMP_FLTATR_CTL_SSB, 1));
        if (const int error = ::seccomp_attr_set(filter_, SCMP_FLTATR_CTL_TSYNC, 1)) return error;
        for (const int call : kCalls)
            if (const int error = ::seccomp_rule_add(filter_, SCMP_ACT_ALLOW, call, 0))
                return error;
        if (kRefusal != kQuietRefusal)
            for (const int call : kMadeWithSignalsBlocked)
                if (const int error = ::seccomp_rule_add(filter_, kQuietRefusal, call, 0))
                    return error;
        for (const auto& [call, argument] : kLimited)
            if (const int error =
                    ::seccomp_rule_add_array(filter_, SCMP_ACT_ALLOW, call, 1, &argument))
                return error;
        return 0;
    }
    int load() { return ::seccomp_load(filter_); }

  private:
    scmp_filter_ctx filter_;
};

void try_seccomp() {
    std::uint32_t action = SECCOMP_RET_ALLOW;
    ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

}  // namespace

std::string filter_by_seccomp() {
    if (is_deadly(try_seccomp)) return kDeadly;
    if (!listen_to_refusals()) return failure("sigaction(SIGSYS)");
    Filter filter;
    int error = filter.fill();
    if (error == 0) error = filter.load();
    return error == 0 ? "" : std::string("libseccomp says: ") + std::strerror(-error);
}

std::string refused_call() {
    const int call = refused.exchange(-1);
    if (call < 0) return {};
    char* name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);
    std::string text = name != nullptr ? name : std::to_string(call);
    std::free(name);
    return text;
}

#endif

}  // namespace finwait
