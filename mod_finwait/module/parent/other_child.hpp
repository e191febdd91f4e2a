// SPDX-License-Identifier: Apache-2.0
//
// httpd's way to tell the parent that a process it did not fork as a worker has died. A
// registration lives in pconf: it is gone before the module is unloaded, and made again by the next
// post_config. Deaths in between are reported then, because only the MPM's loop reaps.
#pragma once

#include <apr_thread_proc.h>
#include <sys/wait.h>
#include <unixd.h>

#include <cerrno>

#include "module/httpd.hpp"

namespace finwait {

using ChildEvent = void (*)(int reason, void* data, apr_wait_t status);

// `data` also names the registration: apr_proc_other_child_unregister(data).
inline void watch_child(pid_t pid, ChildEvent on_event, void* data, apr_pool_t* pconf) {
    auto* process = static_cast<apr_proc_t*>(apr_pcalloc(pconf, sizeof(apr_proc_t)));
    process->pid = pid;
    apr_proc_other_child_register(process, on_event, data, nullptr, pconf);
}

// Does not reap, so that httpd's loop still learns of a death.
inline bool is_alive(pid_t pid) {
    siginfo_t state{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &state, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           state.si_pid == 0;
}

// For the pids kept over a restart. A process may have died while the configuration did not name
// it: then nothing watched it, and only now is it reaped, unless httpd's loop has done it.
inline bool is_gone(pid_t pid) {
    const pid_t reaped = ::waitpid(pid, nullptr, WNOHANG);
    return reaped == pid || (reaped < 0 && errno == ECHILD);
}

// As mod_cgid asks it: an MPM that cannot say is taken to be stopping.
inline bool server_is_stopping() {
    int state = AP_MPMQ_STOPPING;
    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS || state == AP_MPMQ_STOPPING;
}

}  // namespace finwait
