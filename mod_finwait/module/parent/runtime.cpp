// SPDX-License-Identifier: Apache-2.0
#include "module/parent/runtime.hpp"

#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <new>

#include "module/parent/shared_memory.hpp"

namespace finwait {

namespace {

constexpr char kRetainedKey[] = "mod_finwait";

bool map_counters(Runtime& runtime) {
    runtime.module_counters_fd = make_memory("finwait-module-counters", kCounterPageSize);
    runtime.closer_counters_fd = make_memory("finwait-closer-counters", kCounterPageSize);
    runtime.parent_flags_fd = make_memory("finwait-parent-flags", kCounterPageSize);
    for (const int fd :
         {runtime.module_counters_fd, runtime.closer_counters_fd, runtime.parent_flags_fd})
        if (fd < 0) return false;
    const void* closers = map_read_only(runtime.closer_counters_fd, kCounterPageSize);
    const void* flags = map_read_only(runtime.parent_flags_fd, kCounterPageSize);
    void* own = ::mmap(nullptr, kCounterPageSize, PROT_READ | PROT_WRITE, MAP_SHARED,
                       runtime.module_counters_fd, 0);
    if (own == MAP_FAILED || closers == MAP_FAILED || flags == MAP_FAILED) return false;
    runtime.closer_counters = static_cast<const CloserCounters*>(closers);
    runtime.parent_flags = static_cast<const ParentFlags*>(flags);
    runtime.module_counters = new (own) ModuleCounters;
    return true;
}

// Written from end to end, so that no page is missing when there is no memory left.
bool lay_out_remedies(int fd) {
    SipKey seed;
    if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) return false;
    auto table = std::make_unique<RemedyTable>();
    table->lay_out(seed);
    return ::pwrite(fd, table.get(), sizeof *table, 0) == sizeof *table;
}

// Null if it cannot be had: then there are no remedies, and nothing else is worse.
const RemedyTable* map_remedies(Runtime& runtime) {
    runtime.remedies_fd = make_memory("finwait-remedies", sizeof(RemedyTable));
    if (runtime.remedies_fd < 0 || !lay_out_remedies(runtime.remedies_fd)) return nullptr;
    const void* table = map_read_only(runtime.remedies_fd, sizeof(RemedyTable));
    return table == MAP_FAILED ? nullptr : static_cast<const RemedyTable*>(table);
}

// Only its header is written here: the rest is all zeros, and takes no memory before it is used.
// Null if it cannot be had: then a closer that dies takes its books along, and there is no page.
void map_books(Runtime& runtime) {
    runtime.books_fd = make_memory("finwait-books", sizeof(Books));
    const BooksHeader header = new_books_header();
    if (runtime.books_fd < 0 || ::pwrite(runtime.books_fd, &header, sizeof header, 0) < 0) return;
    const void* books = map_read_only(runtime.books_fd, sizeof(Books));
    if (books == MAP_FAILED) return;
    runtime.books = static_cast<const Books*>(books);
    runtime.books_size = sizeof(Books);
}

void make_empty(Runtime& runtime) {
    runtime.layout = kRuntimeLayout;
    for (std::size_t slot = 0; slot < runtime.closers.size(); ++slot) {
        CloserProcess& closer = runtime.closers[slot];
        closer = CloserProcess{};
        closer.slot = static_cast<int>(slot);
        closer.control = -1;
        closer.executable = -1;
        closer.channel_send.fill(-1);
        closer.channel_receive.fill(-1);
    }
    for (Log& log : runtime.logs) log = Log{nullptr, -1, -1, 0, 0, LogMode::all, 0};
    runtime.current = -1;
    for (int* fd : {&runtime.giving_end, &runtime.taking_end, &runtime.module_counters_fd,
                    &runtime.closer_counters_fd, &runtime.parent_flags_fd, &runtime.books_fd,
                    &runtime.remedies_fd})
        *fd = -1;
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

Runtime* runtime_of(const server_rec* server) {
    if (auto* kept = static_cast<Runtime*>(ap_retained_data_get(kRetainedKey))) {
        if (kept->layout == kRuntimeLayout) return kept->module_counters ? kept : nullptr;
        ap_log_error(
            APLOG_MARK, APLOG_CRIT, 0, server,
            "finwait: this mod_finwait.so (layout %u) cannot go on where the one httpd was "
            "started with (layout %u) left off: every close is left to httpd until httpd is "
            "stopped and started",
            kRuntimeLayout, kept->layout);
        return nullptr;
    }
    auto* runtime = new (ap_retained_data_create(kRetainedKey, sizeof(Runtime))) Runtime;
    make_empty(*runtime);
    map_books(*runtime);
    runtime->remedies = map_remedies(*runtime);
    if (map_counters(*runtime)) return runtime;
    ap_log_error(APLOG_MARK, APLOG_CRIT, errno, server,
                 "finwait: no shared memory for the counters (it takes memfd_create() and "
                 "/proc/self/fd): every close is left to httpd until httpd is stopped and started");
    return nullptr;
}

Runtime* kept_runtime() {
    auto* kept = static_cast<Runtime*>(ap_retained_data_get(kRetainedKey));
    return kept && kept->layout == kRuntimeLayout && kept->module_counters ? kept : nullptr;
}

}  // namespace finwait
