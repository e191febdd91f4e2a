// SPDX-License-Identifier: Apache-2.0
#include "closer/follow/followed_sockets.hpp"

#include <cassert>

namespace finwait {

std::uint32_t FollowedSockets::add(const FollowedSocket& socket) {
    assert(socket.client != nullptr);
    std::uint32_t slot = slots_;
    if (!free_.empty()) {
        slot = free_.back();
        free_.pop_back();
    } else {
        if (slots_ % kChunk == 0)
            chunks_.push_back(std::make_unique<std::array<FollowedSocket, kChunk>>());
        ++slots_;
    }
    slot_at(slot) = socket;
    index_.add(socket.cookie, slot);
    ++by_state_[static_cast<std::size_t>(socket.state)];
    return slot;
}

void FollowedSockets::remove(std::uint32_t slot) {
    FollowedSocket& socket = slot_at(slot);
    assert(socket.client != nullptr);
    index_.remove(slot);
    --by_state_[static_cast<std::size_t>(socket.state)];
    socket.client = nullptr;
    free_.push_back(slot);
}

FollowedSocket* FollowedSockets::at(std::uint32_t slot) const {
    assert(slot < slots_);
    FollowedSocket& socket = slot_at(slot);
    return socket.client != nullptr ? &socket : nullptr;
}

FollowedSocket* FollowedSockets::find(std::uint64_t cookie) const {
    const auto slot = index_.find(cookie);
    return slot ? &slot_at(*slot) : nullptr;
}

void FollowedSockets::set_state(FollowedSocket& socket, TcpState state) {
    --by_state_[static_cast<std::size_t>(socket.state)];
    ++by_state_[static_cast<std::size_t>(state)];
    socket.state = state;
}

}  // namespace finwait
