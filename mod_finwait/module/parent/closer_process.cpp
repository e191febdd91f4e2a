// SPDX-License-Identifier: Apache-2.0
#include "module/parent/closer_process.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "module/config/server_config.hpp"
#include "module/guard.hpp"
#include "module/parent/channel.hpp"
#include "module/parent/channel_pair.hpp"
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

std::string closer_path() {
    const char* configured = config_of(ap_server_conf).closer_path;
    return configured ? configured : FINWAIT_CLOSER_PATH;
}

CloserUser closer_user() {
    const CloserUser users{ap_unixd_config.user_id, ap_unixd_config.group_id};
    return config_of(ap_server_conf).closer_user.value_or(users);
}

std::vector<std::string> arguments_of(const CloserProcess& closer) {
    std::vector<std::string> arguments{"--slot", std::to_string(closer.slot)};
    if (::geteuid() != 0) return arguments;
    const CloserUser user = closer_user();
    arguments.insert(arguments.end(),
                     {"--uid", std::to_string(user.uid), "--gid", std::to_string(user.gid)});
    if (ap_unixd_config.chroot_dir)
        arguments.insert(arguments.end(), {"--chroot", ap_unixd_config.chroot_dir});
    return arguments;
}

// The receiving end goes too, so that a child gets EPIPE and declines, and what was queued is let
// go.
void give_up(CloserProcess& closer) {
    close_and_forget(closer.channel_receive);
    ap_log_error(APLOG_MARK, APLOG_CRIT, 0, ap_server_conf,
                 "finwait: no closer runs (%s): every close is left to httpd's own lingering close "
                 "until the next restart",
                 closer_path().c_str());
}

void on_closer_event(int reason, void* data, apr_wait_t status);

// False if no process could be made of it. One that then fails to start up is given up when its
// death is reported.
bool start(Runtime& runtime, CloserProcess& closer, apr_pool_t* pconf) {
    int control[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0) return false;
    close_and_forget(closer.control);
    closer.control = lifted(control[0]);
    int theirs = lifted(control[1]);
    bound_control_wait(closer.control);

    Program program;
    closer.ready = false;
    program.path = closer_path();
    program.empty_environment = true;
    program.arguments = arguments_of(closer);
    program.descriptors = {{theirs, kControlFd}, {runtime.closer_counters_fd, kCloserCountersFd}};
    for (std::size_t lane = 0; lane < kChannelLanes; ++lane)
        program.descriptors.push_back(
            {closer.channel_receive[lane], kFirstLaneFd + static_cast<int>(lane)});
    if (runtime.books_fd >= 0) program.descriptors.push_back({runtime.books_fd, kBooksFd});
    if (runtime.remedies_fd >= 0) program.descriptors.push_back({runtime.remedies_fd, kRemediesFd});
    closer.pid = spawn(program);
    const int spawn_error = errno;
    close_and_forget(theirs);
    if (closer.pid < 0) {
        closer.pid = 0;
        ap_log_error(APLOG_MARK, APLOG_CRIT, spawn_error, ap_server_conf,
                     "finwait: FinWaitCloser %s could not be started", program.path.c_str());
        errno = spawn_error;
        return false;
    }
    watch_child(closer.pid, on_closer_event, &closer, pconf);
    tell_configuration(runtime, closer);
    await_ready(runtime, closer);
    return true;
}

// What is short now may not be in ten seconds, when retry_closer() comes.
bool may_pass(int error) {
    return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

void set_unserved(const Runtime& runtime, const CloserProcess& closer) {
    runtime.module_counters->unserved[static_cast<std::size_t>(closer.slot)].store(1);
}

// Until retry_closer() comes. The channel stays as it is, but takes nothing more.
void put_off(const Runtime& runtime, CloserProcess& closer) {
    const unsigned doublings = std::min(closer.failed_starts++, kStartRetryDoublings);
    const seconds wait = std::min(kStartRetryMin * (1U << doublings), kStartRetryMax);
    closer.start_after = Clock::now() + wait;
    set_unserved(runtime, closer);
    ap_log_error(APLOG_MARK, APLOG_CRIT, 0, ap_server_conf,
                 "finwait: the closer (%s) did not become ready: every close is left to httpd's "
                 "own lingering close, the next start is tried in %d s or a little later",
                 closer_path().c_str(), static_cast<int>(wait.count()));
}

void start_or_give_up(Runtime& runtime, CloserProcess& closer, apr_pool_t* pconf) {
    if (start(runtime, closer, pconf)) return;
    if (may_pass(errno))
        put_off(runtime, closer);
    else
        give_up(closer);
}

// The MPMs hand over an exit code where they have decoded it, and wait()'s status elsewhere.
bool start_up_failed(apr_wait_t status) {
    return status == kStartUpFailed || (WIFEXITED(status) && WEXITSTATUS(status) == kStartUpFailed);
}

void restart_after_death(Runtime& runtime, CloserProcess& closer, apr_wait_t status) {
    if (closer.retired || server_is_stopping()) return;
    if (start_up_failed(status)) return give_up(closer);
    if (!closer.ready) return put_off(runtime, closer);
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                 "finwait: the closer died (status %d): starting it again", status);
    start_or_give_up(runtime, closer, ap_server_conf->process->pconf);
}

// Its last words, and what it held. The slot is free again.
void bury(Runtime& runtime, CloserProcess& closer) {
    relay_notices(runtime, closer);
    if (closer.retired && has_died(runtime, closer))
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                     "finwait: the replaced closer %d died before its end",
                     static_cast<int>(closer.pid));
    book_loss(runtime, closer);
    closer.pid = 0;
    close_and_forget(closer.control);
}

void on_closer_event(int reason, void* data, apr_wait_t status) {
    if (reason != APR_OC_REASON_DEATH && reason != APR_OC_REASON_LOST) return;
    auto& closer = *static_cast<CloserProcess*>(data);
    apr_proc_other_child_unregister(data);
    guarded("restarting the closer", false, [&] {
        Runtime* runtime = runtime_of(ap_server_conf);
        if (!runtime) return false;
        bury(*runtime, closer);
        restart_after_death(*runtime, closer, status);
        return true;
    });
}

bool is_replaced(const Runtime& runtime, const CloserProcess& closer,
                 const struct stat& executable) {
    const CloserUser user = closer_user();
    return std::strcmp(runtime.version.data(), kVersion) != 0 ||
           closer.device != executable.st_dev || closer.inode != executable.st_ino ||
           closer.uid != user.uid || closer.gid != user.gid;
}

void retire(Runtime& runtime, CloserProcess& closer) {
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, ap_server_conf,
                 "finwait: closer %d is replaced and drains to its end",
                 static_cast<int>(closer.pid));
    closer.retired = true;
    runtime.current = -1;
    tell_to_retire(closer);
    close_and_forget(closer.channel_receive);
    close_and_forget(closer.channel_send);
}

CloserProcess* free_slot(Runtime& runtime) {
    for (CloserProcess& closer : runtime.closers)
        if (closer.pid == 0) return &closer;
    return nullptr;
}

// A slot with its channel; null, with a line in the error log, if there is none.
CloserProcess* new_closer(Runtime& runtime, const struct stat& executable) {
    CloserProcess* closer = free_slot(runtime);
    if (!closer) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                     "finwait: %d replaced closers are still draining: the present one stays until "
                     "the next restart",
                     static_cast<int>(kCloserSlots) - 1);
        return nullptr;
    }
    close_and_forget(closer->channel_receive);
    close_and_forget(closer->channel_send);
    if (!open_channel(closer->channel_send, closer->channel_receive)) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, errno, ap_server_conf, "finwait: no channel");
        return nullptr;
    }
    closer->retired = false;
    closer->failed_starts = 0;
    closer->device = executable.st_dev;
    closer->inode = executable.st_ino;
    closer->uid = closer_user().uid;
    closer->gid = closer_user().gid;
    return closer;
}

// On the channel there is, which may have been waiting for a closer since the last one died.
void go_on(Runtime& runtime, CloserProcess& closer, apr_pool_t* pconf) {
    if (closer.pid == 0) return start_or_give_up(runtime, closer, pconf);
    tell_configuration(runtime, closer);
    await_ready(runtime, closer);
}

void start_new(Runtime& runtime, const struct stat& executable, apr_pool_t* pconf) {
    CloserProcess* old = current_closer(runtime);
    CloserProcess* closer = new_closer(runtime, executable);
    if (!closer && old) return go_on(runtime, *old, pconf);
    if (!closer) return;
    if (old && old->pid != 0) retire(runtime, *old);
    runtime.current = static_cast<int>(closer - runtime.closers.data());
    set_unserved(runtime, *closer);  // until it is ready
    std::strncpy(runtime.version.data(), kVersion, runtime.version.size() - 1);
    start_or_give_up(runtime, *closer, pconf);
}

// A closer that died since the last configuration ended, when nothing was watching. The control
// channel knows better than a pid, which may be another process's by now.
bool was_found_dead(Runtime& runtime, CloserProcess& closer) {
    const bool gone = is_gone(closer.pid);
    if (!gone && !has_hung_up(closer.control)) return false;
    if (!closer.retired)  // that one may have come to its end
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                     "finwait: closer %d died during a restart of httpd or without the module",
                     static_cast<int>(closer.pid));
    bury(runtime, closer);
    return true;
}

}  // namespace

void retry_closer(Runtime& runtime, apr_pool_t* pconf) {
    CloserProcess* closer = current_closer(runtime);
    if (closer && closer->pid == 0 && closer->channel_receive[0] >= 0 &&
        Clock::now() >= closer->start_after)
        start_or_give_up(runtime, *closer, pconf);
}

void run_closer(Runtime& runtime, apr_pool_t* pconf) {
    if (::geteuid() != 0 && closer_user().uid != ::geteuid() &&
        config_of(ap_server_conf).closer_user)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ap_server_conf,
                     "finwait: FinWaitUser has no effect: httpd was not started as root");
    for (CloserProcess& closer : runtime.closers) {
        if (closer.pid == 0 || was_found_dead(runtime, closer)) continue;
        watch_child(closer.pid, on_closer_event, &closer, pconf);
        if (closer.retired) tell_configuration(runtime, closer);  // its logs were opened anew too
    }

    struct stat executable {};
    const bool found = ::stat(closer_path().c_str(), &executable) == 0;
    CloserProcess* closer = current_closer(runtime);
    if (closer && closer->channel_receive[0] >= 0 &&
        (!found || !is_replaced(runtime, *closer, executable))) {
        if (!found)
            ap_log_error(APLOG_MARK, APLOG_ERR, errno, ap_server_conf,
                         "finwait: FinWaitCloser %s: the running closer stays",
                         closer_path().c_str());
        return go_on(runtime, *closer, pconf);
    }
    start_new(runtime, executable, pconf);
}

}  // namespace finwait
