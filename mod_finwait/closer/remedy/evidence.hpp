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
#include "finwait/close.hpp"
#include "finwait/network.hpp"

namespace finwait {

inline constexpr std::size_t kNetworksKept = 8;

struct SeenCloses {
    std::uint32_t closes = 0;
    std::uint32_t stuck = 0;
    std::uint32_t preventable = 0;  // of the stuck ones: see finwait/remedy.hpp
    std::uint64_t requests = 0;

    SeenCloses& operator+=(const SeenCloses& other) {
        closes += other.closes;
        stuck += other.stuck;
        preventable += other.preventable;
        requests += other.requests;
        return *this;
    }
    bool operator==(const SeenCloses&) const = default;
};

// What a finished close says about its client: it left the socket stuck, or it ended the connection
// itself. Nothing, if it cannot be told from this close.
[[nodiscard]] std::optional<SeenCloses> evidence_of(const Close& close);

struct NetworkEvidence {
    Network network = Network::none;
    SeenCloses seen;              // since it is kept
    std::uint32_t inherited = 0;  // at most so many closes it had before

    [[nodiscard]] std::uint64_t closes_at_most() const {
        return std::uint64_t{seen.closes} + inherited;
    }
};

class NetworkList {
  public:
    void add(Network network, const SeenCloses& close);
    [[nodiscard]] std::span<const NetworkEvidence> kept() const {
        return std::span(kept_).first(size_);
    }

  private:
    [[nodiscard]] NetworkEvidence& entry_of(Network network);

    std::array<NetworkEvidence, kNetworksKept> kept_;
    std::size_t size_ = 0;
};

// The stuck closes have a list of their own: however few they are among the others, a network with
// many of them is found.
class Evidence {
  public:
    void add(Network network, const SeenCloses& close, Time now);

    [[nodiscard]] Time begun() const { return begun_; }  // its first close
    [[nodiscard]] const SeenCloses& all() const { return all_; }
    [[nodiscard]] std::span<const NetworkEvidence> networks() const { return networks_.kept(); }
    [[nodiscard]] std::span<const NetworkEvidence> stuck_networks() const { return stuck_.kept(); }

  private:
    Time begun_ = kNever;
    SeenCloses all_;
    NetworkList networks_;
    NetworkList stuck_;
};

// docs/internals.md: what an account costs more where FinWaitAuto is On.
inline constexpr std::size_t kEvidenceBytesMax = 704;
static_assert(sizeof(Evidence) <= kEvidenceBytesMax);

}  // namespace finwait
