// SPDX-License-Identifier: Apache-2.0
//
// The texts of the held closes: what a client's sockets have in common stands in one block, however
// many they are. Sorted and not hashed: whatever texts a client chooses, finding one costs the
// same.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "finwait/close.hpp"

namespace finwait {

class ClientTexts {
    using Blocks = std::map<std::string, std::size_t>;  // and how many closes are in it

  public:
    using Block = Blocks::iterator;

    // The close's texts are in the block from now on, until it is dropped as often as it was kept.
    [[nodiscard]] Block keep(Close& close);
    void drop(Block block);

    [[nodiscard]] std::size_t size() const { return blocks_.size(); }

  private:
    Blocks blocks_;
    std::string wanted_;  // so that looking for a block allocates nothing
};

}  // namespace finwait
