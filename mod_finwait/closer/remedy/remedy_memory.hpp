// SPDX-License-Identifier: Apache-2.0
//
// The table of remedies in the memory that httpd's parent gives to the closer. Without it, or if it
// was laid out by another build, the table is the closer's own: then no child sees it.
#pragma once

#include <memory>

#include "closer/unique_fd.hpp"
#include "finwait/remedy_table.hpp"

namespace finwait {

class RemedyMemory {
  public:
    explicit RemedyMemory(UniqueFd memory);
    ~RemedyMemory();
    RemedyMemory(const RemedyMemory&) = delete;
    RemedyMemory& operator=(const RemedyMemory&) = delete;

    [[nodiscard]] RemedyTable& table() { return shared_ ? *shared_ : *own_; }

  private:
    RemedyTable* shared_ = nullptr;
    std::unique_ptr<RemedyTable> own_;
};

}  // namespace finwait
