// SPDX-License-Identifier: Apache-2.0
#include "closer/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace finwait {
namespace {

UniqueFd open_null() {
    return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(UniqueFd, ClosesAtTheEndOfItsScope) {
    int fd = -1;
    {
        const UniqueFd owner = open_null();
        fd = owner.get();
        ASSERT_TRUE(is_open(fd));
    }
    EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, MoveAssignmentClosesTheOldDescriptor) {
    UniqueFd owner = open_null();
    UniqueFd other = open_null();
    const int old = owner.get();
    const int kept = other.get();
    owner = std::move(other);
    EXPECT_FALSE(is_open(old));
    EXPECT_TRUE(is_open(kept));
    EXPECT_EQ(kept, owner.get());
}

TEST(UniqueFd, IsEmptyAfterItWasMovedFrom) {
    UniqueFd owner = open_null();
    const UniqueFd other = std::move(owner);
    EXPECT_FALSE(owner);  // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(other);
}

TEST(UniqueFd, SelfMoveKeepsTheDescriptor) {
    UniqueFd owner = open_null();
    UniqueFd& same = owner;
    owner = std::move(same);
    EXPECT_TRUE(is_open(owner.get()));
}

TEST(UniqueFd, ReleaseGivesUpWithoutClosing) {
    UniqueFd owner = open_null();
    const UniqueFd released(owner.release());
    EXPECT_FALSE(owner);
    EXPECT_TRUE(is_open(released.get()));
}

}  // namespace
}  // namespace finwait
