// SPDX-License-Identifier: Apache-2.0
#include "module/parent/control_line.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "closer/unique_fd.hpp"

namespace finwait {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct ControlLine : testing::Test {
    void SetUp() override {
        int ends[2];
        ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
        parent.reset(ends[0]);
        closer.reset(ends[1]);
        notice.kind = ControlKind::notice;
        notice.text = text;
    }
    bool send_until(Deadline until) { return send_control(parent.get(), notice, until); }

    std::string text = std::string(kNoticeMax, 'x');
    Control notice;
    UniqueFd parent;
    UniqueFd closer;
};

TEST_F(ControlLine, WaitsForAllMessagesTogetherNoLongerThanAllowed) {
    const Deadline until = Clock::now() + 100ms;
    while (send_until(until)) {
    }
    EXPECT_EQ(EAGAIN, errno);
    EXPECT_GE(Clock::now(), until);
    for (int i = 0; i < 1000; ++i) ASSERT_FALSE(send_until(until));
    EXPECT_LT(Clock::now(), until + 30s);
}

TEST_F(ControlLine, WaitsForWhoReads) {
    while (send_until(Clock::now())) {
    }
    ASSERT_EQ(ControlRead::message, receive_control(closer.get(), 0ms, [](const Control&) {}));
    EXPECT_TRUE(send_until(Clock::now() + 30s));
}

TEST_F(ControlLine, WaitsForNobodyWhoHasEnded) {
    closer.reset();
    EXPECT_FALSE(send_until(Clock::now() + 1h));
    EXPECT_EQ(EPIPE, errno);
}

}  // namespace
}  // namespace finwait
