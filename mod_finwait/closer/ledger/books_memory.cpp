// SPDX-License-Identifier: Apache-2.0
#include "closer/ledger/books_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cassert>
#include <new>
#include <string>
#include <utility>

namespace finwait {

namespace {

constexpr std::size_t kFirstAccountEnd = offsetof(CloserBooks, accounts) + sizeof(Part<Account>);

}  // namespace

BooksMemory::BooksMemory(UniqueFd memory, std::size_t slot)
    : memory_(std::move(memory)), slot_(slot) {
    assert(slot < kCloserSlots);
    if (map_shared()) return;
    memory_.reset();
    void* bytes = ::mmap(nullptr, sizeof(Books), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED) throw std::bad_alloc();
    books_ = static_cast<Books*>(bytes);
    books_->header = new_books_header();
}

BooksMemory::~BooksMemory() {
    ::munmap(books_, sizeof(Books));
}

bool BooksMemory::map_shared() {
    struct stat status {};
    if (!memory_ || ::fstat(memory_.get(), &status) != 0) return false;
    const auto size = static_cast<std::size_t>(status.st_size);
    void* bytes = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
    if (bytes == MAP_FAILED) return false;
    std::string why_not;
    if (find_books({static_cast<const std::byte*>(bytes), size}, why_not) != nullptr) {
        books_ = static_cast<Books*>(bytes);
        if (reserve(&own(), kFirstAccountEnd)) return true;
    }
    ::munmap(bytes, size);
    return false;
}

// A page that cannot be had would otherwise be a SIGBUS when it is written.
bool BooksMemory::reserve(const void* begin, std::size_t size) {
    if (!memory_) return true;
    const auto at = static_cast<const std::byte*>(begin) - reinterpret_cast<std::byte*>(books_);
    return ::posix_fallocate(memory_.get(), at, static_cast<off_t>(size)) == 0;
}

}  // namespace finwait
