// SPDX-License-Identifier: Apache-2.0
//
// Estimates how many different addresses were seen, in the same memory whatever their number:
// HyperLogLog (Flajolet, Fusy, Gandouet and Meunier, 2007) with n registers of a byte has a
// standard error of 1.04 / sqrt(n); below 2.5 n linear counting (Whang et al., 1990), which is
// better there. Sketches made with the same hash key can be merged to that of the union.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace finwait {

// `Register` is atomic where several processes count together; of two that raise one register at
// the same instant one may be forgotten.
template <typename Register, int kIndexBits = 6>
class AddressSketchOf {
  public:
    void add(std::uint64_t hash) {
        const std::uint64_t rest = hash >> kIndexBits;
        const int rank = rest == 0 ? 65 - kIndexBits : std::countr_zero(rest) + 1;
        raise(hash % kRegisters, static_cast<std::uint8_t>(rank));
    }

    template <typename Other>
    void merge(const AddressSketchOf<Other, kIndexBits>& other) {
        for (std::size_t i = 0; i < kRegisters; ++i) raise(i, other.registers_[i]);
    }

    [[nodiscard]] std::uint64_t estimate() const {
        constexpr double kCount = kRegisters;
        // The paper's alpha; 0.709 for 64 registers.
        constexpr double kBias = kRegisters == 64 ? 0.709 : 0.7213 / (1 + 1.079 / kCount);
        double sum = 0;
        for (const Register& most : registers_) sum += std::ldexp(1.0, -most);
        const auto empty = std::count(registers_.begin(), registers_.end(), 0);
        double estimate = kBias * kCount * kCount / sum;
        if (estimate <= 2.5 * kCount && empty > 0)
            estimate = kCount * std::log(kCount / static_cast<double>(empty));
        // A sketch that was damaged on its way may say anything.
        return static_cast<std::uint64_t>(std::llround(std::min(estimate, 1e18)));
    }

    bool operator==(const AddressSketchOf&) const = default;

  private:
    template <typename Other, int kOtherBits>
    friend class AddressSketchOf;

    static_assert(kIndexBits >= 6);
    static constexpr std::size_t kRegisters = std::size_t{1} << kIndexBits;

    void raise(std::size_t index, std::uint8_t rank) {
        if (registers_[index] < rank) registers_[index] = rank;
    }

    std::array<Register, kRegisters> registers_{};
};

// An account's, in the ledger: 13 %.
using AddressSketch = AddressSketchOf<std::uint8_t>;
static_assert(sizeof(AddressSketch) == 64);

}  // namespace finwait
