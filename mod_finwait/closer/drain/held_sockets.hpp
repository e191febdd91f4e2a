// SPDX-License-Identifier: Apache-2.0
//
// The sockets being drained, in slots that never move. A Token names a socket and not just a slot:
// an event or a list entry that outlives its socket finds nothing. Each socket stands in one of two
// lists, oldest first: those in FIN_WAIT_2 and the others; together they are the order of shedding.
// Not bounded by itself: the Drainer sheds before it adds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "closer/drain/drain_state.hpp"
#include "closer/drain/packed_handoff.hpp"
#include "closer/follow/cookie_index.hpp"
#include "closer/ledger/ledger.hpp"
#include "closer/unique_fd.hpp"

namespace finwait {

using Token = std::uint64_t;  // slot in the low half, the slot's generation in the high one

inline constexpr std::uint32_t slot_of(Token token) {
    return static_cast<std::uint32_t>(token);
}

struct HeldSocket {
    static constexpr std::uint32_t kNoSlot = UINT32_MAX;

    UniqueFd socket;
    std::uint32_t generation = 0;
    std::uint32_t older = kNoSlot;
    std::uint32_t newer = kNoSlot;
    bool in_fin_wait_2_list = false;
    bool is_paced = false;  // sends more than it should; read at intervals
    DrainState drain;
    PackedHandoff handoff;
    Holding holding;  // not of an arrival
};

class HeldSockets {
  public:
    struct Removed {
        UniqueFd socket;
        PackedHandoff handoff;
        Holding holding;
    };

    // remove() hands the socket out: whoever drops it closes it.
    Token add(UniqueFd socket, const Handoff& handoff, const DrainState& drain);
    Removed remove(Token token);

    // Nothing if that socket is no longer held.
    [[nodiscard]] HeldSocket* find(Token token);

    // Precondition: the slot holds a socket.
    [[nodiscard]] Token token_of(std::uint32_t slot) const;

    void move_to_fin_wait_2(Token token);

    // Not known of an arrival: most are answered at the next look, and nobody asks for them.
    void set_cookie(Token token, std::uint64_t cookie) { cookies_.add(cookie, slot_of(token)); }
    [[nodiscard]] bool holds(std::uint64_t cookie) const {
        return cookies_.find(cookie).has_value();
    }

    // The socket that costs least to give up: the one longest in FIN_WAIT_2, where nothing of ours
    // is unacknowledged and so nothing of the reply can be lost; else the oldest of all.
    [[nodiscard]] std::optional<Token> cheapest() const;

    // At most `count` of those in FIN_WAIT_2, and then of the others, each oldest first.
    template <typename Visitor>
    void visit_oldest(std::size_t count, Visitor&& visitor) const {
        for (const List& list : {fin_wait_2_, others_}) {
            std::uint32_t slot = list.oldest;
            for (std::size_t i = 0; i < count && slot != HeldSocket::kNoSlot; ++i) {
                visitor(std::as_const(at(slot)));
                slot = at(slot).newer;
            }
        }
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t fin_wait_2_size() const { return fin_wait_2_size_; }

  private:
    struct List {
        std::uint32_t oldest = HeldSocket::kNoSlot;
        std::uint32_t newest = HeldSocket::kNoSlot;
    };
    static constexpr std::size_t kChunk = 256;

    [[nodiscard]] HeldSocket& at(std::uint32_t slot) const;
    [[nodiscard]] std::uint32_t free_slot();
    void append(List& list, std::uint32_t slot);
    void unlink(List& list, std::uint32_t slot);

    // In chunks and not one vector: growing must not copy 100,000 sockets within one turn.
    std::vector<std::unique_ptr<std::array<HeldSocket, kChunk>>> chunks_;
    std::vector<std::uint32_t> free_;
    CookieIndex cookies_;
    List others_;
    List fin_wait_2_;
    std::size_t size_ = 0;
    std::size_t fin_wait_2_size_ = 0;
};

}  // namespace finwait
