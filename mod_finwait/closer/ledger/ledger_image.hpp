// SPDX-License-Identifier: Apache-2.0
//
// The accounts of a ledger as bytes, for another closer of the same build to read. Reading trusts
// no length: what is not exactly what encode() writes is no ledger.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "closer/ledger/ledger.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

inline constexpr std::size_t kAccountImageMax = sizeof(Balance) + kUserAgentMax + kVhostMax +
                                                2 * sizeof(std::uint16_t) +
                                                3 * sizeof(std::uint64_t);
inline constexpr std::size_t kLedgerImageMax =
    sizeof(AddressSketch) + sizeof(std::uint32_t) + kLedgerSizeMax * kAccountImageMax;

struct LedgerImage {
    AddressSketch other;
    std::vector<Account> accounts;
};

// Enough for this ledger's image.
[[nodiscard]] std::size_t image_size_max(const Ledger& ledger);

// The number of bytes written, 0 if they do not fit.
[[nodiscard]] std::size_t encode(const Ledger& ledger, std::span<std::byte> bytes);

[[nodiscard]] std::optional<LedgerImage> decode_ledger(std::span<const std::byte> bytes);

void add(const LedgerImage& image, Ledger& ledger);

}  // namespace finwait
