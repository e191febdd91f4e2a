// SPDX-License-Identifier: Apache-2.0
//
// The far ends of connections that httpd's children have opened, so that the status page knows a
// backend that no configuration names (RewriteRule [P], a forward proxy). In memory that all
// children share: any thread of any of them writes, any reads. Of an end there is a hash, whose
// address the kernel's table has. It has no secret: a child that lies makes other programs' sockets
// a backend's, and a forward proxy's client that chooses where to connect can have one forgotten.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "finwait/endpoint.hpp"
#include "finwait/siphash.hpp"

namespace finwait {

class OutgoingEnds {
  public:
    // Beyond it one makes room for another, by chance, until it is connected to again.
    static constexpr std::size_t kMax = 256;

    // Nothing is kept of an end without an address (a Unix socket).
    void note(const Endpoint& end) {
        const std::uint64_t hash = hash_of(end);
        if (end.family == Endpoint::Family::none || holds(hash)) return;
        const std::size_t set = set_of(hash);
        for (std::size_t way = 0; way < kWays; ++way) {
            std::uint64_t none = 0;
            if (hashes_[set + way].compare_exchange_strong(none, hash) || none == hash) return;
        }
        hashes_[set + hash / kMax % kWays].store(hash, std::memory_order_relaxed);
        forgotten_.fetch_add(1, std::memory_order_relaxed);
    }
    [[nodiscard]] bool has(const Endpoint& end) const { return holds(hash_of(end)); }
    // How often one made room.
    [[nodiscard]] std::uint64_t forgotten() const {
        return forgotten_.load(std::memory_order_relaxed);
    }

  private:
    static constexpr std::size_t kWays = 8;  // places for one hash

    static std::uint64_t hash_of(const Endpoint& end) {
        const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(end.address);
        SipState state({});
        for (const std::uint64_t word : words) state.take(word);
        state.take(static_cast<std::uint64_t>(end.family) << 16 | end.port);
        return std::max<std::uint64_t>(state.finish(), 1);
    }
    static std::size_t set_of(std::uint64_t hash) { return hash % (kMax / kWays) * kWays; }
    [[nodiscard]] bool holds(std::uint64_t hash) const {
        const std::size_t set = set_of(hash);
        for (std::size_t way = 0; way < kWays; ++way)
            if (hashes_[set + way].load(std::memory_order_relaxed) == hash) return true;
        return false;
    }

    std::array<std::atomic<std::uint64_t>, kMax> hashes_{};
    std::atomic<std::uint64_t> forgotten_{};
};

}  // namespace finwait
