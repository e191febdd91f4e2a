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

Token HeldSockets::add(UniqueFd socket, const Close& close, const DrainState& drain) {
    assert(socket);
    const std::uint32_t slot = free_slot();
    HeldSocket& held = at(slot);
    held.socket = std::move(socket);
    held.stage = Stage::draining;
    held.is_paced = false;
    held.drain = drain;
    held.close = close;
    held.client = clients_.keep(close);
    append(slot);
    return make_token(slot, held.generation);
}

HeldSockets::Removed HeldSockets::remove(Token token) {
    HeldSocket* held = find(token);
    assert(held != nullptr);
    unlink(slot_of(token));
    ++held->generation;
    free_.push_back(slot_of(token));
    return {std::move(held->socket), held->whole_close(), held->client,
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

void HeldSockets::move_to(Stage stage, Token token) {
    HeldSocket* held = find(token);
    assert(held != nullptr);
    if (held->stage == stage) return;
    unlink(slot_of(token));
    held->stage = stage;
    append(slot_of(token));
}

std::optional<Token> HeldSockets::cheapest() const {
    for (const List& list : lists_)
        if (list.oldest != HeldSocket::kNoSlot) return token_of(list.oldest);
    return std::nullopt;
}

void HeldSockets::append(std::uint32_t slot) {
    HeldSocket& held = at(slot);
    List& list = list_of(held);
    held.older = list.newest;
    held.newer = HeldSocket::kNoSlot;
    if (list.newest != HeldSocket::kNoSlot)
        at(list.newest).newer = slot;
    else
        list.oldest = slot;
    list.newest = slot;
    ++list.size;
}

void HeldSockets::unlink(std::uint32_t slot) {
    const HeldSocket& held = at(slot);
    List& list = list_of(held);
    if (held.older != HeldSocket::kNoSlot)
        at(held.older).newer = held.newer;
    else
        list.oldest = held.newer;
    if (held.newer != HeldSocket::kNoSlot)
        at(held.newer).older = held.older;
    else
        list.newest = held.older;
    --list.size;
}

}  // namespace finwait
