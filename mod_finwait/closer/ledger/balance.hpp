// SPDX-License-Identifier: Apache-2.0
//
// What the ledger knows of a set of closes: of an account, a virtual host, or all there were. Plain
// data, additive.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

#include "finwait/address_sketch.hpp"
#include "finwait/tally.hpp"

namespace finwait {

// One finished close, as the ledger takes it.
struct BookedClose {
    TalliedClose close;
    std::uint64_t address_hash = 0;  // Ledger::hash_of() the client's address
};

template <typename Number, typename Register>
struct BalanceOf {
    TallyOf<Number> tally;
    AddressSketchOf<Register> addresses;

    bool operator==(const BalanceOf&) const = default;

    void book(const BookedClose& booked) {
        tally.add(booked.close);
        addresses.add(booked.address_hash);
    }
    template <typename N, typename R>
    BalanceOf& operator+=(const BalanceOf<N, R>& other) {
        tally += other.tally;
        addresses.merge(other.addresses);
        return *this;
    }
};

using Balance = BalanceOf<std::uint64_t, std::uint8_t>;
static_assert(std::is_trivially_copyable_v<Balance>);

// In memory that several closers write.
using SharedBalance = BalanceOf<std::atomic<std::uint64_t>, std::atomic<std::uint8_t>>;

}  // namespace finwait
