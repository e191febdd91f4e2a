// SPDX-License-Identifier: Apache-2.0
//
// What the books know of a set of closes: of an account, a virtual host, or all there were. Plain
// data, additive.
#pragma once

#include <cstdint>

#include "finwait/address_sketch.hpp"
#include "finwait/close.hpp"
#include "finwait/tally.hpp"

namespace finwait {

struct Balance {
    Tally tally;
    AddressSketch addresses;

    bool operator==(const Balance&) const = default;

    // The hash is of the client's address, under the books' key.
    void book(const Close& close, std::uint64_t address_hash) {
        tally.add(close);
        addresses.add(address_hash);
    }
    Balance& operator+=(const Balance& other) {
        tally += other.tally;
        addresses.merge(other.addresses);
        return *this;
    }
};

}  // namespace finwait
