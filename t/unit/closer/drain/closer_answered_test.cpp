// SPDX-License-Identifier: Apache-2.0
//
// What the client has answered when its Handoff is read is ended there and then.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>

#include "unit/closer/closer_fixture.hpp"
#include "unit/closer/open_descriptors.hpp"

namespace finwait {
namespace {

using namespace test;

struct CloserAnswered : CloserTest {
    void give(UniqueFd& socket, Time age = kAnswerTime) {
        Handoff handoff = sample();
        handoff.half_close = now.monotonic - age;
        hand_over(socket, handoff);
    }
    // Half-closed by the server, answered by the client's FIN.
    TcpPair answered() {
        TcpPair pair = loopback.half_closed();
        pair.client.reset();
        await(pair.server, POLLRDHUP);
        return pair;
    }
};

TEST_F(CloserAnswered, ByFinIsRecordedAsAnyOther) {
    set_up();
    TcpPair pair = loopback.half_closed();
    send_bytes(pair.client, 77);
    pair.client.reset();
    await(pair.server, POLLRDHUP);
    const std::size_t before = open_descriptors();
    give(pair.server, 2ms);
    turn();
    EXPECT_EQ(0U, closer->held());
    EXPECT_EQ(before - 1, open_descriptors());
    expect_only(Drain::fin, Outcome::fin);
    const Record record = only_record();
    EXPECT_EQ(2U, record.drain_ms());
    EXPECT_EQ(77U, record.drained_bytes);
    EXPECT_EQ(TcpState::closed, record.state);
    EXPECT_NE(0U, record.socket_cookie);
    EXPECT_EQ("python-requests/2.28.1", record.user_agent);
}

TEST_F(CloserAnswered, ByResetIsAReset) {
    set_up();
    TcpPair pair = loopback.half_closed();
    reset(pair.client);
    await(pair.server, POLLIN);
    give(pair.server);
    turn();
    expect_only(Drain::reset, Outcome::reset);
}

TEST_F(CloserAnswered, ByTooMuchIsCut) {
    set_up();
    policy.drain_limit_bytes = 100;
    TcpPair pair = loopback.half_closed();
    send_bytes(pair.client, 500);
    await(pair.server, POLLIN);
    give(pair.server);
    turn();
    expect_only(Drain::byte_limit, Outcome::cut);
    EXPECT_EQ(101U, only_record().drained_bytes);
}

TEST_F(CloserAnswered, WithoutAnAcknowledgementHasItsOptions) {
    set_up();
    policy.wait_timeout_ms = 7000;
    policy.ack_timeout_ms = 4321;
    TcpPair pair = with_unacknowledged_reply();
    ::shutdown(pair.client.get(), SHUT_WR);
    await(pair.server, POLLRDHUP);
    const UniqueFd copy(::dup(pair.server.get()));
    give(pair.server);
    settle(1);
    EXPECT_EQ(7, tcp_option(copy, TCP_LINGER2));
    EXPECT_EQ(4321, tcp_option(copy, TCP_USER_TIMEOUT));
    EXPECT_EQ(sent, read_to_end(pair.client).first);
    turn_until_held(0);
    expect_only(Drain::fin, Outcome::fin);
    EXPECT_EQ(TcpState::closing, only_record().state);
}

TEST_F(CloserAnswered, OrSoItSeemsIsRefusedIfItIsNotTcp) {
    set_up();
    std::array<int, 2> ends{};
    ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()));
    UniqueFd ended(ends[0]);
    ::close(ends[1]);
    UniqueFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const std::size_t before = open_descriptors();
    give(ended);
    give(file);
    turn();
    EXPECT_EQ(2U, read(counters->bad_messages));
    EXPECT_EQ(before - 2, open_descriptors());
    EXPECT_TRUE(records().empty());
}

TEST_F(CloserAnswered, NeedsNoPlaceAmongTheHeld) {
    set_up(1);
    TcpPair silent = loopback.half_closed();
    hand_over(silent);
    settle(1);
    TcpPair pair = answered();
    give(pair.server);
    turn();
    EXPECT_EQ(1U, closer->held());
    EXPECT_EQ(0U, read(counters->shed));
    expect_only(Drain::fin, Outcome::fin);
}

TEST_F(CloserAnswered, TooSoonToBeWorthALookIsHeldForATurn) {
    set_up();
    TcpPair pair = answered();
    give(pair.server, kAnswerTime - 1us);
    turn();
    EXPECT_EQ(1U, closer->held());
    turn();
    EXPECT_EQ(0U, closer->held());
    expect_only(Drain::fin, Outcome::fin);
}

TEST_F(CloserAnswered, IsNotLookedAtByMethodsThatDoNotDrain) {
    for (const Method method : {Method::close, Method::solinger}) {
        set_up();
        policy.method = method;
        TcpPair pair = answered();
        give(pair.server);
        turn();
        EXPECT_EQ(1U, closer->held()) << name_of(method);
        turn_until_held(0);
        EXPECT_EQ(Outcome::fin, records().back().outcome) << name_of(method);
    }
}

}  // namespace
}  // namespace finwait
