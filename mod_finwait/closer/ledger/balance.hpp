// SPDX-License-Identifier: Apache-2.0
//
// What the ledger knows of a set of closes: of an account, a virtual host, or all there were. Plain
// data, additive.
#pragma once

#include <type_traits>

#include "closer/ledger/address_sketch.hpp"
#include "finwait/tally.hpp"

namespace finwait {

// One finished close, as the ledger takes it.
struct BookedClose {
    TalliedClose close;
    std::uint64_t address_hash = 0;  // Ledger::hash_of() the client's address
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
static_assert(std::is_trivially_copyable_v<Balance>);

}  // namespace finwait
