// SPDX-License-Identifier: Apache-2.0
#include "contract/utf8.hpp"

#include <gtest/gtest.h>

namespace finwait {
namespace {

TEST(Bounded, CutsBetweenCharacters) {
    EXPECT_EQ(bounded("ab\xc3\xa9", 4), "ab\xc3\xa9");
    EXPECT_EQ(bounded("ab\xc3\xa9", 3), "ab");
    EXPECT_EQ(bounded("\xf0\x9f\x98\x80!", 3), "");
    EXPECT_EQ(bounded("\xf0\x9f\x98\x80!", 4), "\xf0\x9f\x98\x80");
}

TEST(Bounded, DoesNotLookForACharacterThatIsNone) {
    EXPECT_EQ(bounded("\x80\x80\x80\x80\x80\x80\x80\x80", 6).size(), 6u);
    EXPECT_EQ(bounded("", 0), "");
}

}  // namespace
}  // namespace finwait
