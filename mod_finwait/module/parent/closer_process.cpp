// SPDX-License-Identifier: Apache-2.0
#include "module/parent/closer_process.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <string_view>
#include <tuple>

#include "finwait/version.hpp"
#include "module/clock.hpp"
#include "module/config/server_config.hpp"
#include "module/parent/channel.hpp"
#include "module/parent/channel_pair.hpp"
#include "module/parent/closer_control.hpp"
#include "module/parent/closer_hang.hpp"
#include "module/parent/closer_loss.hpp"
#include "module/parent/closer_start.hpp"
#include "module/parent/control_line.hpp"
#include "module/parent/other_child.hpp"

namespace finwait {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTurnPause{2};

// What FinWaitCloser names now.
struct Executable {
    int descriptor;  // -1: nothing
    struct stat file;
};

Executable find_executable() {
    Executable found{open_closer_executable(), {}};
    if (found.descriptor >= 0 && ::fstat(found.descriptor, &found.file) != 0)
        close_and_forget(found.descriptor);
    return found;
}

std::size_t root_now() {
    const char* directory = ap_unixd_config.chroot_dir;
    return std::hash<std::string_view>()(directory ? directory : "");
}

bool is_replaced(const Runtime& runtime, const CloserProcess& closer, const Executable& found) {
    return runtime.version.data() != std::string_view(kVersion) ||
           closer.device != found.file.st_dev || closer.inode != found.file.st_ino ||
           closer.uid != closer_user().uid || closer.gid != closer_user().gid ||
           closer.root != root_now();
}

// What the next process of this slot will be.
void adopt(Runtime& runtime, CloserProcess& closer, const Executable& found) {
    close_and_forget(closer.executable);
    closer.executable = found.descriptor;
    closer.device = found.file.st_dev;
    closer.inode = found.file.st_ino;
    closer.uid = closer_user().uid;
    closer.gid = closer_user().gid;
    closer.root = root_now();
    closer.retired = false;
    closer.failed_starts = 0;
    static_assert(sizeof(kVersion) <= std::tuple_size_v<decltype(Runtime::version)>);
    std::strncpy(runtime.version.data(), kVersion, runtime.version.size() - 1);
}

// False if it hangs: then it has been ended.
bool heeds_retirement(Runtime& runtime, CloserProcess& closer) {
    const auto told = monotonic_now();
    tell_to_retire(runtime, closer);
    while (has_not_turned_since(runtime, closer, told) && Clock::now() < runtime.messages_until)
        pause_for(kTurnPause);
    return !end_if_it_hangs(runtime, closer);
}

void retire(Runtime& runtime, CloserProcess& closer) {
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, ap_server_conf,
                 "finwait: closer %d is replaced and drains to its end",
                 static_cast<int>(closer.pid));
    closer.retired = true;
    runtime.current = -1;
    close_and_forget(closer.executable);  // never started again
    close_and_forget(closer.channel_send);
}

CloserProcess* free_slot(Runtime& runtime) {
    for (CloserProcess& closer : runtime.closers)
        if (closer.pid == 0) return &closer;
    return nullptr;
}

// A slot with its channel; null, with a line in the error log, if there is none.
CloserProcess* new_closer(Runtime& runtime) {
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
        ap_log_error(
            APLOG_MARK, APLOG_CRIT, errno, ap_server_conf,
            "finwait: no channel to a closer could be made: every close is left to httpd's "
            "own lingering close until the next restart");
        close_and_forget(closer->channel_receive);
        close_and_forget(closer->channel_send);
        return nullptr;
    }
    return closer;
}

// Whose channel the next process serves: the old one's if that would not have served it.
CloserProcess* old_or_new(Runtime& runtime, CloserProcess& old, CloserProcess& next) {
    if (heeds_retirement(runtime, old)) {
        retire(runtime, old);
        return &next;
    }
    close_and_forget(next.channel_receive);
    close_and_forget(next.channel_send);
    return &old;
}

// On the channel there is, which may have been waiting for a closer since the last one died.
void go_on(Runtime& runtime, CloserProcess& closer, apr_pool_t* pconf) {
    if (closer.pid == 0) return start_or_give_up(runtime, closer, pconf);
    if (configure(runtime, closer)) return;
    if (end_if_it_hangs(runtime, closer)) return start_again(runtime, closer, pconf);
    log_silence(closer);
}

void start_new(Runtime& runtime, Executable found, apr_pool_t* pconf) {
    CloserProcess* old = current_closer(runtime);
    CloserProcess* closer = new_closer(runtime);
    if (!closer) {
        close_and_forget(found.descriptor);
        if (old) go_on(runtime, *old, pconf);
        return;
    }
    if (old && old->pid != 0) closer = old_or_new(runtime, *old, *closer);
    runtime.current = static_cast<int>(closer - runtime.closers.data());
    set_served(runtime, *closer, false);  // until it is ready
    adopt(runtime, *closer, found);
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

// Of those there are: who is dead or hangs, and who must hear of the new logs only.
void look_at_closers(Runtime& runtime, apr_pool_t* pconf) {
    for (CloserProcess& closer : runtime.closers) {
        if (closer.pid == 0 || was_found_dead(runtime, closer)) continue;
        watch_closer(closer, pconf);
        if (end_if_it_hangs(runtime, closer) || !closer.retired) continue;
        if (!tell_configuration(runtime, closer)) log_silence(closer);
    }
}

}  // namespace

void look_after_closers(Runtime& runtime, apr_pool_t* pconf) {
    for (CloserProcess& closer : runtime.closers)
        if (closer.pid != 0 && end_if_it_hangs(runtime, closer))
            start_again(runtime, closer, pconf);
    CloserProcess* closer = current_closer(runtime);
    if (closer && closer->pid == 0 && closer->channel_receive[0] >= 0 &&
        Clock::now() >= closer->start_after)
        start_or_give_up(runtime, *closer, pconf);
}

void run_closer(Runtime& runtime, apr_pool_t* pconf) {
    if (::geteuid() != 0 && config_of(ap_server_conf).closer_user &&
        closer_user().uid != ::geteuid())
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ap_server_conf,
                     "finwait: FinWaitUser has no effect: httpd was not started as root");
    allow_messages(runtime, kControlWait);
    look_at_closers(runtime, pconf);

    Executable found = find_executable();
    const int error = errno;
    CloserProcess* closer = current_closer(runtime);
    const bool has_channel = closer && closer->channel_receive[0] >= 0;
    if (!has_channel ||
        (closer->pid != 0 && found.descriptor >= 0 && is_replaced(runtime, *closer, found)))
        return start_new(runtime, found, pconf);
    if (found.descriptor < 0)
        ap_log_error(APLOG_MARK, APLOG_ERR, error, ap_server_conf,
                     "finwait: FinWaitCloser %s: the one that httpd was started with stays",
                     closer_path(ap_server_conf));
    else if (closer->pid == 0)
        adopt(runtime, *closer, found);  // and finds what the dead one left in the channel
    else
        close_and_forget(found.descriptor);
    go_on(runtime, *closer, pconf);
}

}  // namespace finwait
