// SPDX-License-Identifier: Apache-2.0
#include "module/parent/passing.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace finwait {
namespace {

struct Passing : testing::Test {
    Passing() { ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends); }
    ~Passing() override {
        for (const int end : ends) ::close(end);
    }

    int ends[2];
    std::array<std::byte, 4> message{};
};

TEST_F(Passing, BringsAsManyAsTheKernelAllowsInTheirOrder) {
    std::vector<int> sent(kPassedMax, ends[0]);
    sent.front() = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ASSERT_TRUE(pass(ends[0], message, sent));
    Passed passed = take_passed(ends[1], message);
    EXPECT_EQ(message.size(), passed.size);
    ASSERT_EQ(kPassedMax, passed.count);
    EXPECT_EQ(FD_CLOEXEC, ::fcntl(passed.descriptors[0], F_GETFD));
    EXPECT_EQ(O_RDONLY, ::fcntl(passed.descriptors[0], F_GETFL) & O_ACCMODE);
    EXPECT_EQ(O_RDWR, ::fcntl(passed.descriptors[1], F_GETFL) & O_ACCMODE);
    for (const int descriptor : passed.all()) EXPECT_EQ(0, ::close(descriptor));
    ::close(sent.front());
}

TEST_F(Passing, OfOneThatIsNotOpenIsRefusedAsAWhole) {
    const std::array sent{ends[0], -1};
    EXPECT_FALSE(pass(ends[0], message, sent));
    EXPECT_EQ(EBADF, errno);
    EXPECT_EQ(0U, take_passed_already(ends[1], message).size);
}

TEST_F(Passing, TakesNothingWhereNothingIsOrNobodySends) {
    EXPECT_EQ(0U, take_passed_already(ends[1], message).count);
    ::shutdown(ends[0], SHUT_RDWR);
    EXPECT_EQ(0U, take_passed(ends[1], message).count);
}

}  // namespace
}  // namespace finwait
