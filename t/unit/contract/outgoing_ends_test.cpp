// SPDX-License-Identifier: Apache-2.0
#include "finwait/outgoing_ends.hpp"

#include <gtest/gtest.h>

#include "unit/loopback_ends.hpp"

namespace finwait {
namespace {

using test::ipv4;
using test::ipv6;

TEST(OutgoingEnds, AreKnownOnceNoted) {
    OutgoingEnds ends;
    EXPECT_FALSE(ends.has(ipv4(80)));
    ends.note(ipv4(80));
    ends.note(ipv6(80));
    EXPECT_TRUE(ends.has(ipv4(80)));
    EXPECT_TRUE(ends.has(ipv6(80)));
    EXPECT_FALSE(ends.has(ipv4(81)));
    EXPECT_FALSE(ends.has(ipv4(80, 2)));
    EXPECT_EQ(ends.forgotten(), 0U);
}

TEST(OutgoingEnds, NothingIsKeptWithoutAnAddress) {
    OutgoingEnds ends;
    ends.note({});
    EXPECT_FALSE(ends.has({}));
}

TEST(OutgoingEnds, BeyondItsBoundTheNewestIsKnownAndWhatMadeRoomIsCounted) {
    OutgoingEnds ends;
    constexpr std::uint16_t kAll = 10 * OutgoingEnds::kMax;
    std::uint64_t known = 0;
    for (std::uint16_t port = 1; port <= kAll; ++port) {
        ends.note(ipv4(port));
        ends.note(ipv4(port));
        ASSERT_TRUE(ends.has(ipv4(port)));
    }
    for (std::uint16_t port = 1; port <= kAll; ++port) known += ends.has(ipv4(port));
    EXPECT_EQ(known + ends.forgotten(), kAll);
    EXPECT_LE(known, OutgoingEnds::kMax);
    EXPECT_GE(known, OutgoingEnds::kMax / 2);
}

}  // namespace
}  // namespace finwait
