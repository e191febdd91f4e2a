// SPDX-License-Identifier: Apache-2.0
//
// What the books know of a set of closes: of an account, a virtual host, or all there were. Plain
// data, additive.
#pragma once

#include <cstdint>

#include "finwait/address_sketch.hpp"
#include "finwait/tally.hpp"

namespace finwait {

// One finished close, as the ledger takes it.
struct BookedClose {
    TalliedClose close;
    std::uint64_t address_hash = 0;  // of the client's address, under the books' key
};

struct Balance {
    Tally tally;
    AddressSketch addresses;

    bool operator==(const Balance&) const = default;

    void book(const BookedClose& booked) {
        tally.add(booked.close);
        addresses.add(booked.address_hash);
    }
    Balance& operator+=(const Balance& other) {
        tally += other.tally;
        addresses.merge(other.addresses);
        return *this;
    }
};

}  // namespace finwait
