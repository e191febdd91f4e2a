// SPDX-License-Identifier: Apache-2.0
//
// Which clients came through which TCP peer, so that a proxy can be told from its users. A peer is
// noticed by its first stuck close and counted from it on. Bounded: where it is too much, the half
// of the peers with the fewest stuck closes is forgotten.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>

#include "report/analysis/address_count.hpp"
#include "report/analysis/group.hpp"

namespace finwait::report {

struct PeerClient {
    Tally tally;
    CauseCounts stuck_causes{};
};

struct Peer {
    std::uint64_t closes = 0;
    std::uint64_t stuck = 0;
    absl::flat_hash_map<const Group*, PeerClient> clients;
};

class Peers {
  public:
    using ByAddress = absl::flat_hash_map<HashedAddress, Peer>;

    void add(const HashedAddress& address, const Group& client, const Close& close);
    // From its first stuck close on, counted by someone else.
    void add(const HashedAddress& address, const Group& client, const PeerClient& through);
    void forget(const HashedAddress& address);
    [[nodiscard]] const ByAddress& by_address() const { return peers_; }

  private:
    static constexpr std::size_t kClientsMax = 16'384;  // of all peers together: 10 MB

    void forget_the_light();

    ByAddress peers_;
    std::size_t clients_ = 0;
};

}  // namespace finwait::report
