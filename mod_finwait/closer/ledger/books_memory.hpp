// SPDX-License-Identifier: Apache-2.0
//
// The books in the memory that httpd's parent gives to the closer, which writes its own slot of
// them. Without that memory, or if it was laid out by another build, they are the closer's own:
// then they end with it and no child sees them.
#pragma once

#include <cstddef>

#include "closer/unique_fd.hpp"
#include "finwait/books.hpp"

namespace finwait {

class BooksMemory {
  public:
    // Precondition: slot < kCloserSlots.
    BooksMemory(UniqueFd memory, std::size_t slot);
    ~BooksMemory();
    BooksMemory(const BooksMemory&) = delete;
    BooksMemory& operator=(const BooksMemory&) = delete;

    [[nodiscard]] CloserBooks& own() { return books_->closers[slot_]; }
    [[nodiscard]] const Books& all() const { return *books_; }
    [[nodiscard]] const SipKey& key() const { return books_->header.key; }
    [[nodiscard]] bool is_shared() const { return static_cast<bool>(memory_); }

    // Of the parts of own() that are not there from the beginning, which are the accounts, the
    // remedies and the virtual hosts: false if there is no memory for these bytes, and they must
    // not be touched.
    [[nodiscard]] bool reserve(const void* begin, std::size_t size);

  private:
    [[nodiscard]] bool map_shared();

    UniqueFd memory_;
    std::size_t slot_;
    Books* books_ = nullptr;
};

}  // namespace finwait
