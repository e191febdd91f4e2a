// SPDX-License-Identifier: Apache-2.0
//
// The totals of all finished closes, by virtual host: this closer's part of them, in its slot of
// the books, where those who had the slot before it began. So they never fall, whoever dies.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "finwait/books.hpp"

namespace finwait {

class VhostTotals {
  public:
    explicit VhostTotals(CloserBooks& books);

    void book(const Close& close, std::uint64_t address_hash);

    // Entries that the closer before this one was writing when it was killed.
    [[nodiscard]] std::size_t half_written() const { return half_written_; }

  private:
    using Entry = Part<BookedVhost>;

    [[nodiscard]] Entry& entry_of(std::string_view vhost);
    void take_over(Entry& entry);

    CloserBooks& books_;
    std::size_t used_ = 0;
    std::size_t half_written_ = 0;
    std::map<std::string, Entry*, std::less<>> found_;
};

}  // namespace finwait
