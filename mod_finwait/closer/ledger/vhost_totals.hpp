// SPDX-License-Identifier: Apache-2.0
//
// The totals of all finished closes, by virtual host: this closer's part of them, in its slot of
// the books, where those who had the slot before it began. So they never fall, whoever dies.
// Bounded as the accounts are, by FinWaitLedgerSize: later virtual hosts share one total, and about
// how many they are is known.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "closer/ledger/books_memory.hpp"

namespace finwait {

class VhostTotals {
  public:
    explicit VhostTotals(BooksMemory& memory);

    // Those that there are stay.
    void set_size(std::size_t size_max) { size_max_ = size_max; }

    void book(const Close& close, std::uint64_t address_hash);

    // Entries that the closer before this one was writing when it was killed.
    [[nodiscard]] std::size_t half_written() const { return half_written_; }

  private:
    using Entry = Part<BookedVhost>;

    // Null: it has no place.
    [[nodiscard]] Entry* entry_of(std::string_view vhost);
    [[nodiscard]] bool reserve_place();
    template <typename T>
    void mend(Part<T>& part);

    BooksMemory& memory_;
    CloserBooks& books_;
    std::size_t size_max_ = kLedgerSizeDefault;
    std::size_t used_ = 0;
    std::size_t reserved_ = 0;
    std::size_t half_written_ = 0;
    std::map<std::string, Entry*, std::less<>> found_;
};

}  // namespace finwait
