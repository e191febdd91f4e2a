// SPDX-License-Identifier: Apache-2.0
//
// The sockets the closer has closed and the kernel still has, found by cookie. In slots that never
// move; a freed slot is used again. Not bounded by itself: the Follower asks size() before it adds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "closer/drain/client_table.hpp"
#include "closer/follow/cookie_index.hpp"
#include "closer/follow/sock_diag.hpp"
#include "closer/moment.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

// What its Record will say, and what the kernel said last.
struct FollowedSocket {
    ClientTable::Handle client = nullptr;  // null: the slot is free
    std::uint64_t cookie = 0;
    Time half_close{};
    Time fin_wait_2_since = kNever;  // kNever: not yet
    Time last_seen{};
    Time timer_end = kNever;  // of the kernel's timer: the socket's end in FIN_WAIT_2
    std::uint64_t drained_bytes = 0;
    Endpoint peer;
    Endpoint local;
    Endpoint client_address;  // behind a proxy, without a port; `client` may have it instead
    std::uint32_t interface = 0;
    std::uint32_t drain_ms = 0;
    std::uint32_t requests = 0;
    std::uint32_t rtt_us = 0;
    std::uint32_t unacked = 0;
    std::uint32_t retransmits = 0;
    std::uint32_t sample = 0;  // the last one that saw it
    Cause cause = Cause::other;
    HttpVersion http = HttpVersion::none;
    TlsVersion tls = TlsVersion::none;
    Mpm mpm = Mpm::unknown;
    Remedy remedy = Remedy::none;
    Drain drain = Drain::none;
    TcpState drain_state = TcpState::unknown;  // when the drain ended
    TcpState state = TcpState::unknown;        // now
};

class FollowedSockets {
  public:
    // The slot; its `client` must be set.
    std::uint32_t add(const FollowedSocket& socket);
    void remove(std::uint32_t slot);

    // Null if the slot is free. Precondition: slot < slots().
    [[nodiscard]] FollowedSocket* at(std::uint32_t slot) const;
    [[nodiscard]] FollowedSocket* find(std::uint64_t cookie) const;

    void set_state(FollowedSocket& socket, TcpState state);

    [[nodiscard]] std::uint32_t slots() const { return slots_; }
    [[nodiscard]] std::size_t size() const { return index_.size(); }
    [[nodiscard]] std::size_t size_in(TcpState state) const {
        return by_state_[static_cast<std::size_t>(state)];
    }

  private:
    static constexpr std::size_t kChunk = 256;

    [[nodiscard]] FollowedSocket& slot_at(std::uint32_t slot) const {
        return (*chunks_[slot / kChunk])[slot % kChunk];
    }

    // In chunks: growing must not copy 100,000 of them within one turn.
    std::vector<std::unique_ptr<std::array<FollowedSocket, kChunk>>> chunks_;
    std::vector<std::uint32_t> free_;
    std::uint32_t slots_ = 0;  // used so far
    CookieIndex index_;
    std::array<std::size_t, kTcpStates.size()> by_state_{};
};

// The promise of FinWaitMaxFollowed's documentation: per socket the slot, and at most 40 bytes of
// index and free list (vectors that have just doubled).
inline constexpr std::size_t kFollowedBytesMax = 200;
static_assert(sizeof(FollowedSocket) + 40 <= kFollowedBytesMax);

}  // namespace finwait
