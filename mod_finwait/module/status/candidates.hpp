// SPDX-License-Identifier: Apache-2.0
//
// The accounts of all closers by the figures that rank them; an account that several closers have
// is one here.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "finwait/books.hpp"
#include "finwait/share.hpp"

namespace finwait {

struct Candidate {
    std::uint64_t hash = 0;
    double socket_seconds = 0;
    std::uint64_t closes = 0;
    std::uint64_t stuck = 0;
    std::uint64_t fin_wait_2 = 0;
    std::array<const Part<Account>*, kCloserSlots> entries{};  // by slot; null: it has none

    [[nodiscard]] Share stuck_share() const { return {std::min(stuck, closes), closes}; }
};

// Those of one hash become one.
void merge(std::vector<Candidate>& candidates);

// By their time in FIN_WAIT_2, then by closes. After days of finished closes a new culprit has cost
// little yet: so those that hold most now stand before the rest. What no page shows is in no order.
void rank(std::vector<Candidate>& candidates);

// As finwait-report would count them if each account were a row of its own.
[[nodiscard]] std::uint64_t count_culprits(const std::vector<Candidate>& candidates);

}  // namespace finwait
