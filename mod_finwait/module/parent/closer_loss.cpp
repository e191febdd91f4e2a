// SPDX-License-Identifier: Apache-2.0
#include "module/parent/closer_loss.hpp"

#include <apr_thread_proc.h>
#include <sys/mman.h>

#include <cerrno>

#include "contract/loss_text.hpp"
#include "module/parent/closer_control.hpp"

namespace finwait {

bool has_died(const Runtime& runtime, const CloserProcess& closer) {
    return read(runtime.closer_counters->running[static_cast<std::size_t>(closer.slot)]) != 0;
}

// Writable for this moment only: a mapping that stayed would be inherited by every child.
void book_loss(const Runtime& runtime, const CloserProcess& closer) {
    if (!has_died(runtime, closer)) return;
    void* page = ::mmap(nullptr, kCounterPageSize, PROT_READ | PROT_WRITE, MAP_SHARED,
                        runtime.closer_counters_fd, 0);
    if (page == MAP_FAILED) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, errno, ap_server_conf,
                     "finwait: what a dead closer held could not be counted");
        return;
    }
    const Loss loss =
        count_lost(*static_cast<CloserCounters*>(page), static_cast<std::size_t>(closer.slot));
    ::munmap(page, kCounterPageSize);
    if (loss.closes > 0)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ap_server_conf, "finwait: %s",
                     loss_text(loss).c_str());
}

void bury(Runtime& runtime, CloserProcess& closer) {
    if (closer.is_watched) apr_proc_other_child_unregister(&closer);
    closer.is_watched = false;
    relay_notices(runtime, closer);
    book_loss(runtime, closer);
    closer.pid = 0;
    close_and_forget(closer.control);
}

}  // namespace finwait
