// SPDX-License-Identifier: Apache-2.0
//
// The held sockets, in slots that never move. A Token names a socket and not just a slot: an event
// or a list entry that outlives its socket finds nothing. Each socket stands in the list of its
// stage, by the time it came there; together they are the order of shedding. Not bounded by itself:
// the Drainer sheds before it adds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "closer/drain/clients.hpp"
#include "closer/drain/drain_state.hpp"
#include "closer/ledger/ledger.hpp"
#include "closer/unique_fd.hpp"

namespace finwait {

using Token = std::uint64_t;  // slot in the low half, the slot's generation in the high one

inline constexpr std::uint32_t slot_of(Token token) {
    return static_cast<std::uint32_t>(token);
}

// In the order in which they are given up. Whose drain is over has its evidence already; where our
// FIN is acknowledged (FIN_WAIT_2), nothing of the reply can be lost.
enum class Stage : std::uint8_t { waiting, waiting_unacknowledged, acknowledged, draining };
inline constexpr std::size_t kStages = 4;

struct HeldSocket {
    static constexpr std::uint32_t kNoSlot = UINT32_MAX;

    UniqueFd socket;
    std::uint32_t generation = 0;
    std::uint32_t older = kNoSlot;
    std::uint32_t newer = kNoSlot;
    Stage stage = Stage::draining;
    bool is_paced = false;  // sends more than it should; read at intervals
    DrainState drain;
    CloseFacts close;
    Clients::Place client;
    Holding holding;  // not of an arrival

    [[nodiscard]] Close whole_close() const { return {client->facts, close}; }

    // The client has closed, too: what is missing is an acknowledgement.
    [[nodiscard]] bool has_fin() const {
        return close.outcome == Outcome::fin || close.outcome == Outcome::late_fin;
    }
};

class HeldSockets {
  public:
    struct Removed {
        UniqueFd socket;
        Close close;
        Clients::Place client;
        Holding holding;
    };

    Token add(UniqueFd socket, const Close& close, const DrainState& drain);
    // Whoever drops the socket closes it. The close's texts are there until its client is dropped.
    [[nodiscard]] Removed remove(Token token);
    void drop(Clients::Place client) { clients_.drop(client); }

    // Nothing if that socket is no longer held.
    [[nodiscard]] HeldSocket* find(Token token);

    // Precondition: the slot holds a socket.
    [[nodiscard]] Token token_of(std::uint32_t slot) const;

    void move_to(Stage stage, Token token);

    // The socket that costs least to give up: the one longest in the first stage that has any.
    [[nodiscard]] std::optional<Token> cheapest() const;

    // At most `count` of each stage, each oldest first.
    template <typename Visitor>
    void visit_oldest(std::size_t count, Visitor&& visitor) const {
        for (const List& list : lists_) {
            std::uint32_t slot = list.oldest;
            for (std::size_t i = 0; i < count && slot != HeldSocket::kNoSlot; ++i) {
                visitor(std::as_const(at(slot)));
                slot = at(slot).newer;
            }
        }
    }

    [[nodiscard]] std::size_t size() const {
        return waiting() + size_of(Stage::acknowledged) + size_of(Stage::draining);
    }
    [[nodiscard]] std::size_t waiting() const {
        return size_of(Stage::waiting) + size_of(Stage::waiting_unacknowledged);
    }
    [[nodiscard]] std::size_t size_of(Stage stage) const {
        return lists_[static_cast<std::size_t>(stage)].size;
    }

  private:
    struct List {
        std::uint32_t oldest = HeldSocket::kNoSlot;
        std::uint32_t newest = HeldSocket::kNoSlot;
        std::size_t size = 0;
    };
    static constexpr std::size_t kChunk = 256;

    [[nodiscard]] HeldSocket& at(std::uint32_t slot) const;
    [[nodiscard]] std::uint32_t free_slot();
    [[nodiscard]] List& list_of(const HeldSocket& held) {
        return lists_[static_cast<std::size_t>(held.stage)];
    }
    void append(std::uint32_t slot);
    void unlink(std::uint32_t slot);

    // In chunks and not one vector: growing must not copy 100,000 sockets within one turn.
    std::vector<std::unique_ptr<std::array<HeldSocket, kChunk>>> chunks_;
    std::vector<std::uint32_t> free_;
    Clients clients_;
    std::array<List, kStages> lists_;  // by Stage
};

}  // namespace finwait
