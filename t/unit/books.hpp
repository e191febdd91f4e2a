// SPDX-License-Identifier: Apache-2.0
//
// Books as httpd's parent makes them, and what is in them, read by whoever is the writer.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "closer/unique_fd.hpp"
#include "finwait/books.hpp"

namespace finwait::test {

inline UniqueFd books_memory() {
    UniqueFd memory(::memfd_create("books", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    const BooksHeader header = new_books_header();
    const bool is_made = ::ftruncate(memory.get(), sizeof(Books)) == 0 &&
                         ::pwrite(memory.get(), &header, sizeof header, 0) == sizeof header;
    return is_made ? std::move(memory) : UniqueFd();
}

// As a child of httpd has them.
class MappedBooks {
  public:
    explicit MappedBooks(const UniqueFd& memory)
        : bytes_(::mmap(nullptr, sizeof(Books), PROT_READ, MAP_SHARED, memory.get(), 0)) {}
    ~MappedBooks() { ::munmap(bytes_, sizeof(Books)); }
    MappedBooks(const MappedBooks&) = delete;
    MappedBooks& operator=(const MappedBooks&) = delete;

    const Books* operator->() const { return static_cast<const Books*>(bytes_); }
    const Books& operator*() const { return *static_cast<const Books*>(bytes_); }

  private:
    void* bytes_;
};

// All but `(other)`.
inline std::vector<const Account*> accounts_in(const CloserBooks& books) {
    std::vector<const Account*> all;
    for (const Part<Account>& entry : books.used_accounts())
        if (&entry != books.accounts.data() && entry.own().figures.is_used != 0)
            all.push_back(&entry.own());
    return all;
}

inline std::map<std::string, Balance> vhosts_in(const CloserBooks& books) {
    std::map<std::string, Balance> all;
    for (const Part<BookedVhost>& entry : books.used_vhosts())
        if (entry.own().is_used != 0)
            all[std::string(entry.own().name.text())] += entry.own().balance;
    const Balance& beyond = books.beyond.own().balance;
    if (beyond.tally.closes != 0) all[std::string(kOtherAccount)] += beyond;
    return all;
}

inline Balance total_in(const CloserBooks& books) {
    Balance total;
    for (const auto& [name, balance] : vhosts_in(books)) total += balance;
    return total;
}

inline std::uint64_t closes_in_accounts(const CloserBooks& books) {
    std::uint64_t closes = 0;
    for (const Account* account : accounts_in(books))
        closes += account->figures.balance.tally.closes;
    return closes;
}

}  // namespace finwait::test
