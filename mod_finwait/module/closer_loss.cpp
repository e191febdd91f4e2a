// SPDX-License-Identifier: Apache-2.0
#include "module/closer_loss.hpp"

#include <sys/mman.h>

#include <cerrno>

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
    const std::uint64_t lost =
        count_lost(*static_cast<CloserCounters*>(page), static_cast<std::size_t>(closer.slot));
    ::munmap(page, kCounterPageSize);
    if (lost == 0) return;
    ap_log_error(
        APLOG_MARK, APLOG_WARNING, 0, ap_server_conf,
        "finwait: the closer that died left %" APR_UINT64_T_FMT
        " closes unfinished: the kernel ended them as without a lingering close, and their "
        "clients may have lost the end of a reply",
        lost);
}

}  // namespace finwait
