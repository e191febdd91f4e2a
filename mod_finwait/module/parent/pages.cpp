// SPDX-License-Identifier: Apache-2.0
#include "module/parent/pages.hpp"

#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "module/parent/shared_memory.hpp"

namespace finwait {

namespace {

// -1, also where `lay_out` fails.
template <typename LayOut>
int make_laid_out(const char* name, std::size_t size, LayOut&& lay_out) {
    int memory = make_memory(name, size);
    if (memory >= 0 && !lay_out(memory)) close_and_forget(memory);
    return memory;
}

// Written from end to end, so that no page is missing when there is no memory left.
bool lay_out_remedies(int memory) {
    SipKey seed;
    if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) return false;
    auto table = std::make_unique<RemedyTable>();
    table->lay_out(seed);
    return ::pwrite(memory, table.get(), sizeof *table, 0) == sizeof *table;
}

// Only its header: the rest is all zeros, and takes no memory before it is used.
bool lay_out_books(int memory) {
    const BooksHeader header = new_books_header();
    return ::pwrite(memory, &header, sizeof header, 0) == sizeof header;
}

// Null if it cannot be had.
template <typename T>
const T* mapped(int memory, std::size_t size) {
    if (memory < 0) return nullptr;
    const void* page = map_read_only(memory, size);
    return page == MAP_FAILED ? nullptr : static_cast<const T*>(page);
}

}  // namespace

std::array<Page, kPages> pages_of(Runtime& runtime) {
    return {Page{runtime.module_counters, kCounterPageSize, &runtime.module_counters_fd, true},
            Page{runtime.closer_counters, kCounterPageSize, &runtime.closer_counters_fd, false},
            Page{runtime.parent_flags, kCounterPageSize, &runtime.parent_flags_fd, false},
            Page{runtime.books, sizeof(Books), &runtime.books_fd, false},
            Page{runtime.remedies, sizeof(RemedyTable), &runtime.remedies_fd, false}};
}

int protection_of(const Page& page) {
    return page.is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
}

bool make_pages(Runtime& runtime) {
    for (const auto& [descriptor, name] :
         {std::pair(&runtime.module_counters_fd, "finwait-module-counters"),
          std::pair(&runtime.closer_counters_fd, "finwait-closer-counters"),
          std::pair(&runtime.parent_flags_fd, "finwait-parent-flags")}) {
        *descriptor = make_memory(name, kCounterPageSize);
        if (*descriptor < 0) return false;
    }
    if (!map_pages(runtime)) return false;
    runtime.books_fd = make_laid_out("finwait-books", sizeof(Books), lay_out_books);
    runtime.books = mapped<Books>(runtime.books_fd, sizeof(Books));
    runtime.remedies_fd = make_laid_out("finwait-remedies", sizeof(RemedyTable), lay_out_remedies);
    runtime.remedies = mapped<RemedyTable>(runtime.remedies_fd, sizeof(RemedyTable));
    return true;
}

bool map_pages(Runtime& runtime) {
    void* own = ::mmap(nullptr, kCounterPageSize, PROT_READ | PROT_WRITE, MAP_SHARED,
                       runtime.module_counters_fd, 0);
    if (own == MAP_FAILED) return false;
    runtime.module_counters = static_cast<ModuleCounters*>(own);
    runtime.closer_counters = mapped<CloserCounters>(runtime.closer_counters_fd, kCounterPageSize);
    runtime.parent_flags = mapped<ParentFlags>(runtime.parent_flags_fd, kCounterPageSize);
    runtime.books = mapped<Books>(runtime.books_fd, sizeof(Books));
    runtime.remedies = mapped<RemedyTable>(runtime.remedies_fd, sizeof(RemedyTable));
    if (runtime.closer_counters && runtime.parent_flags) return true;
    unmap_pages(runtime);
    return false;
}

void unmap_pages(Runtime& runtime) {
    for (const Page& page : pages_of(runtime))
        if (page.address) ::munmap(const_cast<void*>(page.address), page.size);
    runtime.module_counters = nullptr;
    runtime.closer_counters = nullptr;
    runtime.parent_flags = nullptr;
    runtime.books = nullptr;
    runtime.remedies = nullptr;
}

}  // namespace finwait
