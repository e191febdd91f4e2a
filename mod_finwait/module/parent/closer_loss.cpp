// SPDX-License-Identifier: Apache-2.0
#include "module/parent/closer_loss.hpp"

#include <apr_thread_proc.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "contract/loss_text.hpp"
#include "module/parent/closer_control.hpp"
#include "module/parent/passing.hpp"

namespace finwait {

namespace {

// Writable for this moment only: a mapping that stayed would be inherited by every child.
template <typename Write>
void write_counters(const Runtime& runtime, Write&& write) {
    void* page = ::mmap(nullptr, kCounterPageSize, PROT_READ | PROT_WRITE, MAP_SHARED,
                        runtime.closer_counters_fd, 0);
    if (page == MAP_FAILED) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, errno, ap_server_conf,
                     "finwait: what a dead closer held could not be counted");
        return;
    }
    write(*static_cast<CloserCounters*>(page));
    ::munmap(page, kCounterPageSize);
}

// So that close() returns at once, whatever is unacknowledged and whoever has set SO_LINGER: the
// kernel would close it here, too, and wait as long (net/ipv4/af_inet.c, inet_release()).
void close_without_waiting(int socket) {
    const linger none{0, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    ::close(socket);
}

// How many, and none comes after the last.
std::uint64_t discard_messages(int lane) {
    if (lane < 0) return 0;
    ::shutdown(lane, SHUT_RD);
    std::uint64_t messages = 0;
    std::array<std::byte, 1> rest_is_dropped;
    while (true) {
        Passed next = take_passed_already(lane, rest_is_dropped);
        if (next.size == 0) return messages;
        ++messages;
        for (const int socket : next.all()) close_without_waiting(socket);
    }
}

}  // namespace

bool has_died(const Runtime& runtime, const CloserProcess& closer) {
    return read(runtime.closer_counters->running[static_cast<std::size_t>(closer.slot)]) != 0;
}

void book_loss(const Runtime& runtime, const CloserProcess& closer) {
    if (!has_died(runtime, closer)) return;
    Loss loss;
    write_counters(runtime, [&](CloserCounters& counters) {
        loss = count_lost(counters, static_cast<std::size_t>(closer.slot));
    });
    if (loss.closes > 0)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ap_server_conf, "finwait: %s",
                     loss_text(loss).c_str());
}

void book_queue_as_lost(const Runtime& runtime, const CloserProcess& closer) {
    std::uint64_t queued = 0;
    for (const int lane : closer.channel_receive) queued += discard_messages(lane);
    if (queued == 0) return;
    write_counters(runtime, [&](CloserCounters& counters) {
        count(counters.received, queued);
        count(counters.lost, queued);
    });
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ap_server_conf,
                 "finwait: %" APR_UINT64_T_FMT
                 " closes were queued and no closer serves them: the kernel ends them as without a "
                 "lingering close",
                 queued);
}

void bury(Runtime& runtime, CloserProcess& closer) {
    if (closer.is_watched) apr_proc_other_child_unregister(&closer);
    closer.is_watched = false;
    relay_notices(runtime, closer);
    book_loss(runtime, closer);
    closer.pid = 0;
    close_and_forget(closer.control);
    if (!closer.retired) return;
    book_queue_as_lost(runtime, closer);  // no successor serves it
    close_and_forget(closer.channel_receive);
}

}  // namespace finwait
