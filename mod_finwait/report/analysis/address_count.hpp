// SPDX-License-Identifier: Apache-2.0
//
// How many different addresses, and which of them has most stuck closes. Exact up to kExactMax
// addresses; beyond that their number is an estimate (1.6 %), and only those with many stuck closes
// are kept by name, so memory is bounded whatever a log holds.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "finwait/address_sketch.hpp"
#include "report/analysis/address.hpp"

namespace finwait::report {

// An address and its hash, which is made once for all counts that it goes to.
struct HashedAddress {
    explicit HashedAddress(const Address& of);

    bool operator==(const HashedAddress& other) const { return address == other.address; }
    // Only of the hash, and with Abseil's own seed: who knows our key knows nothing of that.
    template <typename H>
    friend H AbslHashValue(H state, const HashedAddress& hashed) {
        return H::combine(std::move(state), hashed.hash);
    }

    Address address;
    std::uint64_t hash;
};

class AddressCount {
  public:
    // Seen once more, with so many stuck closes.
    void add(const HashedAddress& address, std::uint64_t stuck);
    // So many were seen by someone who counted them, but which is not known.
    void add_counted(std::uint64_t addresses);
    // At least so many were seen by someone who did not say which (a tally line).
    void add_at_least(std::uint64_t addresses);

    [[nodiscard]] std::uint64_t count() const;
    // Whether there may be more than count() says, by more than the sketch's error.
    [[nodiscard]] bool is_at_least() const { return told_ > 0; }

    struct Top {
        Address address{};
        std::uint64_t stuck = 0;
    };
    // Nothing if none was stuck. Of two with as many the smaller, so that order does not matter.
    [[nodiscard]] std::optional<Top> top() const;

  private:
    static constexpr std::size_t kExactMax = 1024;
    using Sketch = AddressSketchOf<std::uint8_t, 12>;

    void forget_the_light();

    absl::flat_hash_map<HashedAddress, std::uint64_t> stuck_of_;
    std::unique_ptr<Sketch> sketch_;  // once there were more than kExactMax
    std::uint64_t counted_ = 0;
    std::uint64_t told_ = 0;
};

}  // namespace finwait::report
