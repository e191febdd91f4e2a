// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a closed socket, as a sampled kernel shows it.
#include <gtest/gtest.h>

#include "unit/closer/follow/follower_fixture.hpp"

namespace finwait {
namespace {

using namespace test;

using Following = FollowerTest;

TEST_F(Following, WritesNoRecordBeforeTheEndIsKnown) {
    close_in_fin_wait_2(1);
    for (int i = 0; i < 14; ++i) sample();
    EXPECT_TRUE(kept().empty());
    EXPECT_EQ(1U, follower.followed());
    EXPECT_EQ(1U, follower.followed_in(TcpState::fin_wait_2));
}

TEST_F(Following, ASocketThatLastsUntilItsTimerEndsByKernelTimeout) {
    close_in_fin_wait_2(1, 2500ms);
    sample();
    sample();
    diag->sockets.clear();  // half a second after this sample
    sample();
    expect_outcome(Outcome::kernel_timeout, 4000 + 2500);
    EXPECT_EQ(5000U, only_record().drain_ms);
    EXPECT_EQ(TcpState::fin_wait_2, only_record().state);
    EXPECT_EQ(1U, only_record().socket_cookie);
    EXPECT_EQ(1'700'000'000s - 5s, only_record().half_close);
}

TEST_F(Following, ASocketInTimeWaitGotALateFinWhenItsTimerBegan) {
    close_in_fin_wait_2(1);
    sample();
    pass(700ms);
    diag->sockets[1].state = TcpState::time_wait;
    diag->sockets[1].timer_left = 60s;
    sample(300ms);
    expect_outcome(Outcome::late_fin, 4000 + 1700);
}

TEST_F(Following, ASocketGoneBeforeItsTimerWasReset) {
    close_in_fin_wait_2(1);
    sample();
    diag->sockets.clear();
    sample();
    expect_outcome(Outcome::reset, 4000 + 2000);
}

TEST_F(Following, ATimeWaitWhoseTimerSaysTooMuchIsNoTimeTravel) {
    close_in_fin_wait_2(1);
    sample();
    diag->sockets[1].state = TcpState::time_wait;
    diag->sockets[1].timer_left = 300s;
    sample();
    expect_outcome(Outcome::late_fin, 4000 + 2000);
}

TEST_F(Following, ASocketGoneAtItsCloseWasCutByOurOwnKernel) {
    follow(kernel_socket(1, TcpState::fin_wait_2, KernelTimer::none, 0s).id, TcpState::fin_wait_2,
           4s);
    expect_outcome(Outcome::cut, 4000);
    EXPECT_EQ(0U, follower.followed());
}

TEST_F(Following, APlaceTakenByAnotherConnectionLeavesTheEndUnknown) {
    close_in_fin_wait_2(1);
    sample();
    diag->sockets[1].id.cookie = 99;
    diag->sockets[1].state = TcpState::established;
    sample();
    expect_outcome(Outcome::unknown, 4000 + 2000);
}

TEST_F(Following, AListenerInItsPlaceIsNobody) {
    close_in_fin_wait_2(1);
    sample();
    diag->sockets[1].id.cookie = 99;
    diag->sockets[1].state = TcpState::listen;
    sample();
    expect_outcome(Outcome::reset, 4000 + 2000);
}

TEST_F(Following, AMinuteUnseenMayHideATimeWait) {
    close_in_fin_wait_2(1);
    sample();
    diag->sockets.clear();
    sample(60s);
    expect_outcome(Outcome::unknown, 4000 + 61'000);
}

TEST_F(Following, AnUnacknowledgedFinThatIsGivenUpEndsUnacked) {
    close_in_fin_wait_1(1);
    for (int i = 0; i < 5; ++i) {
        diag->sockets[1].timer_left = 800ms;
        sample();
    }
    EXPECT_EQ(1U, follower.followed_in(TcpState::fin_wait_1));
    diag->sockets.clear();
    sample();
    expect_outcome(Outcome::unacked, 0);
}

TEST_F(Following, AnUnacknowledgedSocketGoneBeforeItsNextRetransmissionWasReset) {
    close_in_fin_wait_1(1, 20s);
    sample();
    diag->sockets.clear();
    sample();
    expect_outcome(Outcome::reset, 0);
}

TEST_F(Following, AFinAcknowledgedAfterTheDrainBeginsFinWait2Then) {
    close_in_fin_wait_1(1);
    sample();
    diag->sockets[1] = kernel_socket(1, TcpState::fin_wait_2, KernelTimer::time_wait, 2s);
    sample();
    EXPECT_EQ(1U, follower.followed_in(TcpState::fin_wait_2));
    EXPECT_EQ(0U, follower.followed_in(TcpState::fin_wait_1));
    sample();
    diag->sockets.clear();
    sample();
    expect_outcome(Outcome::kernel_timeout, 1000);
    EXPECT_EQ(TcpState::fin_wait_1, only_record().state) << "of the drain's end";
}

TEST_F(Following, ASocketStillOwnedHasNoTimerAndIsFollowedAllTheSame) {
    diag->sockets[1] = kernel_socket(1, TcpState::fin_wait_2, KernelTimer::none, 0s);
    follow(diag->sockets[1].id, TcpState::fin_wait_2, 4s);
    for (int i = 0; i < 100; ++i) sample();
    EXPECT_EQ(1U, follower.followed());
    diag->sockets.clear();
    sample();
    expect_outcome(Outcome::reset, 4000 + 101'000);
}

TEST_F(Following, TheRecordSaysWhatTheHandoffSaid) {
    Handoff handoff = sample_handoff();  // a proxy's client: another peer than the socket's
    handoff.client_address = "2001:db8::7";
    handoff.tls = TlsVersion::tls_1_3;
    diag->sockets[7] = kernel_socket(7, TcpState::fin_wait_2, KernelTimer::time_wait, 500ms);
    CloseEnd end;
    end.drain = Drain::deadline;
    end.half_close = now.monotonic - 2s;
    end.drain_time = 2s;
    end.drained_bytes = 12'345'678'901;
    end.facts = {TcpState::fin_wait_2, 812, 3, 4, 7};
    records.expect(handoff);
    ++closes;
    follower.follow(handoff, end, diag->sockets[7].id, now);
    sample();
    diag->sockets.clear();
    sample();
    const Record record = only_record();
    EXPECT_EQ(handoff.peer, record.peer);
    EXPECT_EQ(handoff.local, record.local);
    EXPECT_EQ("2001:db8::7", record.client_address);
    EXPECT_EQ("python-requests/2.28.1", record.user_agent);
    EXPECT_EQ("www.example.org", record.vhost);
    EXPECT_EQ(TlsVersion::tls_1_3, record.tls);
    EXPECT_EQ(HttpVersion::http_1_1, record.http);
    EXPECT_EQ(Mpm::event, record.mpm);
    EXPECT_EQ(3U, record.requests);
    EXPECT_EQ(12'345'678'901U, record.drained_bytes);
    EXPECT_EQ(812U, record.rtt_us);
    EXPECT_EQ(3U, record.unacked);
    EXPECT_EQ(4U, record.retransmits);
    EXPECT_EQ(Cause::keepalive_timeout, record.cause);
    EXPECT_EQ(Drain::deadline, record.drain);
}

TEST_F(Following, StopWritesEveryRecordByWhatIsKnown) {
    close_in_fin_wait_2(1);
    close_in_fin_wait_1(2);
    follower.stop(SIZE_MAX, now);
    const std::vector<Record> all = kept();
    ASSERT_EQ(2U, all.size());
    EXPECT_EQ(Outcome::unknown, all[0].outcome);
    EXPECT_EQ(Outcome::unacked, all[1].outcome);
    EXPECT_EQ(kNever, follower.due());
}

TEST_F(Following, BeyondTheBoundTheOutcomeIsUnknownAtOnceCountedAndTold) {
    configure(2);
    for (std::uint64_t cookie = 1; cookie <= 5; ++cookie) close_in_fin_wait_2(cookie);
    EXPECT_EQ(2U, follower.followed());
    EXPECT_EQ(3U, read(counters.unfollowed));
    ASSERT_EQ(3U, kept().size());
    EXPECT_EQ(Outcome::unknown, kept()[0].outcome);
    const auto texts = told();
    ASSERT_EQ(1U, texts.size());
    EXPECT_NE(std::string::npos, texts[0].find("FinWaitMaxFollowed")) << texts[0];
}

TEST_F(Following, WithFinWaitMaxFollowed0NothingIsFollowedAndNothingTold) {
    configure(0);
    close_in_fin_wait_2(1);
    expect_outcome(Outcome::unknown, 4000);
    EXPECT_EQ(0U, diag->look_ups);
    EXPECT_FALSE(follower.is_working());
    EXPECT_TRUE(told().empty());
}

TEST_F(Following, TheOldestAreShownFirst) {
    for (std::uint64_t cookie = 1; cookie <= 5; ++cookie) {
        close_in_fin_wait_2(cookie);
        pass(10ms);
    }
    const auto shown = follower.oldest(2);
    ASSERT_EQ(2U, shown.size());
    EXPECT_EQ(1U, shown[0].cookie);
    EXPECT_EQ(2U, shown[1].cookie);
    EXPECT_EQ("python-requests/2.28.1", shown[0].user_agent);
    EXPECT_EQ(5U, follower.oldest(20).size());
    std::size_t visited = 0;
    follower.for_each([&](const ShownSocket& socket) {
        ++visited;
        EXPECT_EQ(socket.half_close + 1s, socket.fin_wait_2_since);
    });
    EXPECT_EQ(5U, visited);
}

// Else each of 100,000 clients behind a proxy had a copy of its User-Agent.
TEST_F(Following, ClientsBehindAProxyShareTheirTextsToo) {
    Handoff handoff = sample_handoff();
    const SocketId id{handoff.local, handoff.peer, 1, 0};
    ClientTable table;
    for (const char* address : {"203.0.113.5", "2001:db8::1", ""}) {
        handoff.client_address = address;
        FollowedSocket socket = followed_from(handoff, CloseEnd(), id);
        socket.client = table.intern(facts_of(handoff, socket));
        std::string text;
        const Handoff again = handoff_of(socket, text);
        EXPECT_EQ(address, again.client_address);
        EXPECT_EQ(handoff.user_agent, again.user_agent);
        EXPECT_EQ(handoff.logs, again.logs);
    }
    EXPECT_EQ(1U, table.size());
    handoff.client_address = "unknown, as some proxies say";
    FollowedSocket socket = followed_from(handoff, CloseEnd(), id);
    socket.client = table.intern(facts_of(handoff, socket));
    std::string text;
    EXPECT_EQ(handoff.client_address, handoff_of(socket, text).client_address);
    EXPECT_EQ(2U, table.size());
}

TEST_F(Following, ClosesOfOneClientShareItsTexts) {
    ClientTable table;
    const auto first = table.intern({"v", "ua"});
    EXPECT_EQ(first, table.intern({"v", "ua"}));
    const auto other = table.intern({"vu", "a"});
    EXPECT_NE(first, other);
    EXPECT_EQ("vu", ClientTable::facts(other).vhost);
    EXPECT_EQ("a", ClientTable::facts(other).user_agent);
    EXPECT_EQ(2U, table.size());
    table.release(first);
    EXPECT_EQ(2U, table.size());
    table.release(first);
    EXPECT_EQ(1U, table.size());
}

TEST(FollowedClose, KeepsWhatFinWaitAutoGoesBy) {
    Handoff handoff = test::sample_handoff();
    handoff.auto_rule = AutoRule{40, 60, 3, 1800};
    handoff.remedy = Remedy::cut_short;
    ClientTable clients;
    FollowedSocket socket = followed_from(handoff, {}, {});
    socket.client = clients.intern(facts_of(handoff, socket));
    std::string client_address;
    const Handoff back = handoff_of(socket, client_address);
    EXPECT_EQ(handoff.auto_rule, back.auto_rule);
    EXPECT_EQ(handoff.remedy, back.remedy);
    clients.release(socket.client);
}

}  // namespace
}  // namespace finwait
