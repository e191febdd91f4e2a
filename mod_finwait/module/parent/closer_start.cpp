// SPDX-License-Identifier: Apache-2.0
#include "module/parent/closer_start.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "finwait/protocol.hpp"
#include "module/config/server_config.hpp"
#include "module/guard.hpp"
#include "module/parent/closer_control.hpp"
#include "module/parent/closer_loss.hpp"
#include "module/parent/control_line.hpp"
#include "module/parent/other_child.hpp"
#include "module/parent/spawn.hpp"

namespace finwait {

namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

// Between the starts of a closer that ends before it is ready: doubled each time, and rounded up to
// the next call of httpd's monitor hook (ten seconds apart on an idle server).
constexpr seconds kStartRetryMin{1};
constexpr seconds kStartRetryMax{60};
constexpr unsigned kStartRetryDoublings = 6;  // enough to reach the longest

std::vector<std::string> arguments_of(const CloserProcess& closer) {
    std::vector<std::string> arguments{"--protocol", protocol(), "--slot",
                                       std::to_string(closer.slot)};
    if (::geteuid() != 0) return arguments;
    const CloserUser user = closer_user();
    arguments.insert(arguments.end(),
                     {"--uid", std::to_string(user.uid), "--gid", std::to_string(user.gid)});
    if (ap_unixd_config.chroot_dir)
        arguments.insert(arguments.end(), {"--chroot", ap_unixd_config.chroot_dir});
    return arguments;
}

// The receiving end goes too: what was queued is let go.
void give_up(const Runtime& runtime, CloserProcess& closer, int error, const char* why) {
    set_served(runtime, closer, false);
    book_queue_as_lost(runtime, closer);
    close_and_forget(closer.channel_receive);
    ap_log_error(APLOG_MARK, APLOG_CRIT, error, ap_server_conf,
                 "finwait: FinWaitCloser %s %s: every close is left to httpd's own lingering close "
                 "until the next restart",
                 closer_path(ap_server_conf), why);
}

// By its descriptor, whose number a script's interpreter finds open too; a closer closes it as
// foreign.
Program program_of(const Runtime& runtime, const CloserProcess& closer, int control) {
    Program program;
    program.path = "/proc/self/fd/" + std::to_string(kFirstForeignFd);
    program.name = closer_path(ap_server_conf);
    program.empty_environment = true;
    program.arguments = arguments_of(closer);
    program.descriptors = {{control, kControlFd},
                           {runtime.closer_counters_fd, kCloserCountersFd},
                           {closer.executable, kFirstForeignFd}};
    for (std::size_t lane = 0; lane < kChannelLanes; ++lane)
        program.descriptors.push_back(
            {closer.channel_receive[lane], kFirstLaneFd + static_cast<int>(lane)});
    if (runtime.books_fd >= 0) program.descriptors.push_back({runtime.books_fd, kBooksFd});
    if (runtime.remedies_fd >= 0) program.descriptors.push_back({runtime.remedies_fd, kRemediesFd});
    if (runtime.deposit_out >= 0) program.descriptors.push_back({runtime.deposit_out, kDepositFd});
    return program;
}

// False with errno set if no process could be made of it. One that then fails to start up is given
// up when its death is reported.
bool start(Runtime& runtime, CloserProcess& closer, apr_pool_t* pconf) {
    if (closer.executable < 0) closer.executable = open_closer_executable();
    int control[2];
    if (closer.executable < 0 ||
        ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0)
        return false;
    close_and_forget(closer.control);
    closer.control = lifted(control[0]);
    int theirs = lifted(control[1]);
    closer.ready = false;
    closer.started = Clock::now();
    const pid_t pid = spawn(program_of(runtime, closer, theirs));
    const int spawn_error = errno;
    close_and_forget(theirs);
    errno = spawn_error;
    if (pid < 0) return false;
    closer.pid = pid;
    watch_closer(closer, pconf);
    allow_messages(runtime, kControlWait);
    if (!configure(runtime, closer)) log_silence(closer);
    return true;
}

// What is short now may not be in ten seconds, when look_after_closers() comes.
bool may_pass(int error) {
    return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

// Until look_after_closers() comes. The channel stays as it is, but takes nothing more.
void put_off(const Runtime& runtime, CloserProcess& closer, int error) {
    const unsigned doublings = std::min(closer.failed_starts++, kStartRetryDoublings);
    const seconds wait = std::min(kStartRetryMin * (1U << doublings), kStartRetryMax);
    closer.start_after = Clock::now() + wait;
    set_served(runtime, closer, false);
    ap_log_error(APLOG_MARK, APLOG_CRIT, error, ap_server_conf,
                 "finwait: FinWaitCloser %s did not become ready: every close is left to httpd's "
                 "own lingering close, the next start is tried in %d s or a little later",
                 closer_path(ap_server_conf), static_cast<int>(wait.count()));
}

// The MPMs hand over an exit code where they have decoded it, and wait()'s status elsewhere.
bool start_up_failed(apr_wait_t status) {
    return status == kStartUpFailed || (WIFEXITED(status) && WEXITSTATUS(status) == kStartUpFailed);
}

void restart_after_death(Runtime& runtime, CloserProcess& closer, apr_wait_t status) {
    if (closer.retired || server_is_stopping()) return;
    if (start_up_failed(status))
        return give_up(runtime, closer, 0, "refused to start (the line before says why)");
    if (!closer.ready) return put_off(runtime, closer, 0);
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                 "finwait: the closer died (status %d): starting it again", status);
    start_or_give_up(runtime, closer, ap_server_conf->process->pconf);
}

void on_closer_event(int reason, void* data, apr_wait_t status) {
    auto& closer = *static_cast<CloserProcess*>(data);
    if (reason == APR_OC_REASON_UNREGISTER) closer.is_watched = false;
    if (reason != APR_OC_REASON_DEATH && reason != APR_OC_REASON_LOST) return;
    guarded("restarting the closer", false, [&] {
        Runtime* runtime = runtime_of(ap_server_conf);
        if (!runtime) return false;
        if (closer.retired && has_died(*runtime, closer))
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                         "finwait: the replaced closer %d died before its end",
                         static_cast<int>(closer.pid));
        bury(*runtime, closer);
        restart_after_death(*runtime, closer, status);
        return true;
    });
}

}  // namespace

CloserUser closer_user() {
    const CloserUser users{ap_unixd_config.user_id, ap_unixd_config.group_id};
    return config_of(ap_server_conf).closer_user.value_or(users);
}

int open_closer_executable() {
    return lifted(::open(closer_path(ap_server_conf), O_PATH | O_CLOEXEC));
}

void watch_closer(CloserProcess& closer, apr_pool_t* pconf) {
    watch_child(closer.pid, on_closer_event, &closer, pconf);
    closer.is_watched = true;
}

void start_or_give_up(Runtime& runtime, CloserProcess& closer, apr_pool_t* pconf) {
    if (start(runtime, closer, pconf)) return;
    const int error = errno;
    if (may_pass(error))
        put_off(runtime, closer, error);
    else
        give_up(runtime, closer, error, "could not be started");
}

void start_again(Runtime& runtime, CloserProcess& closer, apr_pool_t* pconf) {
    if (closer.retired) return;
    if (closer.ready) return start_or_give_up(runtime, closer, pconf);
    put_off(runtime, closer, 0);
}

}  // namespace finwait
