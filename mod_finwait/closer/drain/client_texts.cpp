// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/client_texts.hpp"

namespace finwait {

// Closes that cut the same block at other places may share it: each knows its own.
ClientTexts::Block ClientTexts::keep(Close& close) {
    wanted_.clear();
    close.append_texts_to(wanted_);
    const Block block = blocks_.try_emplace(wanted_).first;
    ++block->second;
    close.view_texts_in(block->first);
    return block;
}

void ClientTexts::drop(Block block) {
    if (--block->second == 0) blocks_.erase(block);
}

}  // namespace finwait
