// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/held_sockets.hpp"

#include <cassert>

namespace finwait {

namespace {

Token make_token(std::uint32_t slot, std::uint32_t generation) {
    return Token{generation} << 32 | slot;
}

}  // namespace

HeldSocket& HeldSockets::at(std::uint32_t slot) const {
    assert(slot / kChunk < chunks_.size());
    return (*chunks_[slot / kChunk])[slot % kChunk];
}

std::uint32_t HeldSockets::free_slot() {
    if (free_.empty()) {
        const auto first = static_cast<std::uint32_t>(chunks_.size() * kChunk);
        chunks_.push_back(std::make_unique<std::array<HeldSocket, kChunk>>());
        for (std::uint32_t i = kChunk; i > 0; --i) free_.push_back(first + i - 1);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
}

Token HeldSockets::add(UniqueFd socket, const Handoff& handoff, const DrainState& drain) {
    assert(socket);
    const std::uint32_t slot = free_slot();
    HeldSocket& held = at(slot);
    held.socket = std::move(socket);
    held.in_fin_wait_2_list = false;
    held.is_paced = false;
    held.drain = drain;
    held.handoff = PackedHandoff(handoff);
    append(others_, slot);
    ++size_;
    return make_token(slot, held.generation);
}

HeldSockets::Removed HeldSockets::remove(Token token) {
    HeldSocket* held = find(token);
    assert(held != nullptr);
    unlink(held->in_fin_wait_2_list ? fin_wait_2_ : others_, slot_of(token));
    if (held->in_fin_wait_2_list) --fin_wait_2_size_;
    --size_;
    cookies_.remove(slot_of(token));
    ++held->generation;
    free_.push_back(slot_of(token));
    return {std::move(held->socket), std::exchange(held->handoff, PackedHandoff()),
            std::exchange(held->holding, Holding())};
}

HeldSocket* HeldSockets::find(Token token) {
    const std::uint32_t slot = slot_of(token);
    if (slot / kChunk >= chunks_.size()) return nullptr;
    HeldSocket& held = at(slot);
    return held.socket && make_token(slot, held.generation) == token ? &held : nullptr;
}

Token HeldSockets::token_of(std::uint32_t slot) const {
    assert(at(slot).socket);
    return make_token(slot, at(slot).generation);
}

void HeldSockets::move_to_fin_wait_2(Token token) {
    HeldSocket* held = find(token);
    assert(held != nullptr);
    if (held->in_fin_wait_2_list) return;
    unlink(others_, slot_of(token));
    append(fin_wait_2_, slot_of(token));
    held->in_fin_wait_2_list = true;
    ++fin_wait_2_size_;
}

std::optional<Token> HeldSockets::cheapest() const {
    const std::uint32_t slot =
        fin_wait_2_.oldest != HeldSocket::kNoSlot ? fin_wait_2_.oldest : others_.oldest;
    if (slot == HeldSocket::kNoSlot) return std::nullopt;
    return token_of(slot);
}

void HeldSockets::append(List& list, std::uint32_t slot) {
    HeldSocket& held = at(slot);
    held.older = list.newest;
    held.newer = HeldSocket::kNoSlot;
    if (list.newest != HeldSocket::kNoSlot)
        at(list.newest).newer = slot;
    else
        list.oldest = slot;
    list.newest = slot;
}

void HeldSockets::unlink(List& list, std::uint32_t slot) {
    const HeldSocket& held = at(slot);
    if (held.older != HeldSocket::kNoSlot)
        at(held.older).newer = held.newer;
    else
        list.oldest = held.newer;
    if (held.newer != HeldSocket::kNoSlot)
        at(held.newer).older = held.older;
    else
        list.newest = held.older;
}

}  // namespace finwait
