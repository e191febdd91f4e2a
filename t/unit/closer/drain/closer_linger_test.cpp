// SPDX-License-Identifier: Apache-2.0
//
// Sockets on which another module has set SO_LINGER: close() would wait for our FIN's
// acknowledgement.
#include <gtest/gtest.h>

#include "unit/closer/closer_fixture.hpp"

namespace finwait {
namespace {

using namespace test;

class CloserLinger : public CloserTest {
  protected:
    static constexpr std::chrono::seconds kLinger{20};

    TcpPair with_linger() {
        TcpPair pair = with_unacknowledged_reply();
        const linger on{1, static_cast<int>(kLinger.count())};
        EXPECT_EQ(0, ::setsockopt(pair.server.get(), SOL_SOCKET, SO_LINGER, &on, sizeof on));
        return pair;
    }
};

TEST_F(CloserLinger, DoesNotKeepItWaitingForWhoHasNotAcknowledged) {
    set_up();
    TcpPair pair = with_linger();
    hand_over(pair);
    turn_until_held(1);
    tell_finish(0);
    const auto begin = Clock::now();
    turn_until([&] { return closer->is_done(); });
    EXPECT_LT(Clock::now() - begin, kLinger);
    expect_only(Drain::stopping, Outcome::unknown);
}

// In CLOSING.
TEST_F(CloserLinger, DoesNotKeepItWaitingForWhoHasClosedAndNotAcknowledged) {
    set_up();
    TcpPair pair = with_linger();
    hand_over(pair);
    turn_until_held(1);
    ASSERT_EQ(0, ::shutdown(pair.client.get(), SHUT_WR));
    turn_until([&] { return closer->drainer().waiting() == 1; });
    tell_finish(0);
    const auto begin = Clock::now();
    turn_until([&] { return closer->is_done(); });
    EXPECT_LT(Clock::now() - begin, kLinger);
    EXPECT_EQ(TcpState::closing, only_record().state);
}

TEST_F(CloserLinger, IsLeftToWhoMayReset) {
    set_up();
    policy.method = Method::reset;
    policy.drain_timeout_ms = 1000;
    TcpPair pair = with_linger();
    hand_over(pair);
    turn_until_held(1);
    turn(1s);
    EXPECT_EQ(0U, closer->held());
    EXPECT_EQ(ECONNRESET, end_seen_by(pair.client));
    expect_only(Drain::deadline, Outcome::method);
}

}  // namespace
}  // namespace finwait
