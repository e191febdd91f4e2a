// SPDX-License-Identifier: Apache-2.0
//
// What speaks for and against one client since it was judged last, and from which networks.
// Bounded by Space-Saving (as the ledger): of kNetworksKept networks the one with the fewest closes
// makes room for a new one, which inherits their number, so that a network with over
// 1/kNetworksKept of the closes is always among them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "closer/moment.hpp"
#include "finwait/handoff.hpp"
#include "finwait/network.hpp"
#include "finwait/tally.hpp"

namespace finwait {

inline constexpr std::size_t kNetworksKept = 8;

// Whether a finished close says something about its client: true, it left the socket stuck; false,
// it ended the connection itself; nothing, it cannot be told from this close.
[[nodiscard]] std::optional<bool> evidence_of(const TalliedClose& close);

struct SeenCloses {
    std::uint64_t closes = 0;
    std::uint64_t stuck = 0;
    std::uint64_t requests = 0;

    void add(bool is_stuck, std::uint32_t on_connection) {
        ++closes;
        stuck += is_stuck ? 1 : 0;
        requests += on_connection;
    }
    bool operator==(const SeenCloses&) const = default;
};

struct NetworkEvidence {
    Network network = Network::none;
    SeenCloses seen;              // since it is kept
    std::uint64_t inherited = 0;  // at most so many closes it had before

    [[nodiscard]] std::uint64_t closes_at_most() const { return seen.closes + inherited; }
};

class Evidence {
  public:
    void add(Network network, bool is_stuck, std::uint32_t requests, Time now);

    [[nodiscard]] Time begun() const { return begun_; }  // its first close
    [[nodiscard]] const SeenCloses& all() const { return all_; }
    [[nodiscard]] std::span<const NetworkEvidence> networks() const {
        return std::span(networks_).first(network_count_);
    }

  private:
    [[nodiscard]] NetworkEvidence& entry_of(Network network);

    Time begun_ = kNever;
    SeenCloses all_;
    std::array<NetworkEvidence, kNetworksKept> networks_;
    std::size_t network_count_ = 0;
};

// docs/internals.md: what an account costs more where FinWaitAuto is On.
inline constexpr std::size_t kEvidenceBytesMax = 384;
static_assert(sizeof(Evidence) <= kEvidenceBytesMax);

}  // namespace finwait
