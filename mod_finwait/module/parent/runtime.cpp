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
    if (runtime.module_counters_fd < 0 || runtime.closer_counters_fd < 0) return false;
    void* own = ::mmap(nullptr, kCounterPageSize, PROT_READ | PROT_WRITE, MAP_SHARED,
                       runtime.module_counters_fd, 0);
    const void* closers = map_read_only(runtime.closer_counters_fd, kCounterPageSize);
    if (own == MAP_FAILED || closers == MAP_FAILED) return false;
    runtime.module_counters = new (own) ModuleCounters;
    runtime.closer_counters = static_cast<const CloserCounters*>(closers);
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
        closer.channel_send.fill(-1);
        closer.channel_receive.fill(-1);
    }
    for (Log& log : runtime.logs) log = Log{nullptr, -1, -1, 0, 0, LogMode::all, 0};
    runtime.current = -1;
    runtime.giving_end = runtime.taking_end = -1;
    runtime.module_counters_fd = runtime.closer_counters_fd = runtime.books_fd =
        runtime.remedies_fd = -1;
}

}  // namespace

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
                 "finwait: no shared memory for the counters: every close is left to httpd");
    return nullptr;
}

Runtime* kept_runtime() {
    auto* kept = static_cast<Runtime*>(ap_retained_data_get(kRetainedKey));
    return kept && kept->layout == kRuntimeLayout ? kept : nullptr;
}

}  // namespace finwait
