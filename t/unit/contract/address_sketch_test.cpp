// SPDX-License-Identifier: Apache-2.0
#include "finwait/address_sketch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <span>

#include "finwait/siphash.hpp"

namespace finwait {
namespace {

constexpr SipKey kKey{1, 2};

TEST(SipHash, GivesThePapersValue) {
    std::array<std::byte, 15> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    EXPECT_EQ(0xa129ca6149be45e5U, sip_hash({0x0706050403020100, 0x0f0e0d0c0b0a0908}, bytes));
    EXPECT_NE(sip_hash({1, 2}, bytes), sip_hash({1, 3}, bytes));
}

TEST(AddressSketch, EstimatesWithinThreeStandardErrors) {
    for (const std::uint64_t count : {1U, 2U, 10U, 50U, 200U, 1000U, 20'000U, 1'000'000U}) {
        AddressSketch sketch;
        for (std::uint64_t i = 0; i < count; ++i)
            for (int twice = 0; twice < 2; ++twice)
                sketch.add(sip_hash(kKey, std::as_bytes(std::span(&i, 1))));
        const double error = std::max(0.39 * static_cast<double>(count), 1.0);
        EXPECT_NEAR(static_cast<double>(count), static_cast<double>(sketch.estimate()), error);
    }
    EXPECT_EQ(0U, AddressSketch().estimate());
}

TEST(AddressSketch, MergesToTheSketchOfTheUnion) {
    AddressSketch one, two, both;
    for (std::uint64_t i = 0; i < 600; ++i) {
        const std::uint64_t hash = sip_hash(kKey, std::as_bytes(std::span(&i, 1)));
        if (i < 400) one.add(hash);
        if (i >= 200) two.add(hash);
        both.add(hash);
    }
    one.merge(two);
    EXPECT_EQ(both, one);
}

}  // namespace
}  // namespace finwait
