// SPDX-License-Identifier: Apache-2.0
#include "module/parent/runtime.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <new>

#include "module/parent/deposit.hpp"
#include "module/parent/pages.hpp"
#include "module/parent/shared_memory.hpp"

namespace finwait {

namespace {

constexpr char kRetainedKey[] = "mod_finwait's Runtime";

void make_empty(Runtime& runtime) {
    visit_descriptors(runtime, [](int& descriptor) { close_and_forget(descriptor); });
    for (std::size_t slot = 0; slot < runtime.closers.size(); ++slot) {
        runtime.closers[slot] = CloserProcess{};
        runtime.closers[slot].slot = static_cast<int>(slot);
    }
    for (Log& log : runtime.logs) {
        std::free(log.target);
        log = Log{};
    }
    visit_descriptors(runtime, [](int& descriptor) { descriptor = -1; });
    runtime.current = -1;
    runtime.configurations = 0;
    runtime.declines_logged = {};
}

Runtime* make_runtime() {
    auto* runtime = new (ap_retained_data_create(kRetainedKey, sizeof(Runtime))) Runtime{};
    runtime->layout = runtime_layout();
    runtime->giving_end = runtime->taking_end = -1;
    visit_descriptors(*runtime, [](int& descriptor) { descriptor = -1; });
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        ap_log_error(APLOG_MARK, APLOG_WARNING, errno, ap_server_conf,
                     "finwait: a closer will not notice that mod_finwait is taken out of the "
                     "configuration");
    runtime->deposit_in = lifted(ends[0]);
    runtime->deposit_out = lifted(ends[1]);
    return runtime;
}

}  // namespace

// Not by a mapping, which every child would inherit.
void set_served(const Runtime& runtime, const CloserProcess& closer, bool is_served) {
    const std::uint64_t unserved = is_served ? 0 : 1;
    const auto at = offsetof(ParentFlags, unserved) +
                    static_cast<std::size_t>(closer.slot) * sizeof(std::uint64_t);
    if (::pwrite(runtime.parent_flags_fd, &unserved, sizeof unserved, static_cast<off_t>(at)) < 0)
        ap_log_error(APLOG_MARK, APLOG_ERR, errno, ap_server_conf,
                     "finwait: children could not be told whether a closer serves them");
}

Runtime* kept_runtime() {
    auto* kept = static_cast<Runtime*>(ap_retained_data_get(kRetainedKey));
    if (!kept || kept->layout == runtime_layout()) return kept;
    close_and_forget(kept->deposit_in);
    close_and_forget(kept->deposit_out);
    return nullptr;
}

Runtime* runtime_of(const server_rec* server) {
    Runtime* runtime = kept_runtime();
    if (!runtime && ap_retained_data_get(kRetainedKey))
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server,
                     "finwait: mod_finwait.so was replaced by one of another layout: it begins "
                     "with a closer, books and counters of its own, and the closer of the one "
                     "before serves its children to their end");
    if (!runtime) runtime = make_runtime();
    if (runtime->module_counters) return runtime;
    if (take_up(*runtime) && map_pages(*runtime)) return runtime;
    make_empty(*runtime);
    if (make_pages(*runtime)) return runtime;
    ap_log_error(APLOG_MARK, APLOG_CRIT, errno, server,
                 "finwait: no shared memory for the counters (it takes memfd_create() and "
                 "/proc/self/fd): every close is left to httpd until its next restart");
    return nullptr;
}

}  // namespace finwait
