// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/tcp_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>

#include "unit/closer/channel/channel_sender.hpp"
#include "unit/closer/drain/tcp_pair.hpp"

namespace finwait {
namespace {

Close facts_of(int socket) {
    Close close;
    note_tcp_facts(close, socket);
    return close;
}

using namespace test;

TEST(ApplyPolicy, SetsWhatTheKernelBounds) {
    const TcpPair pair = Loopback().half_closed();
    Policy policy;
    policy.wait_timeout_ms = 6001;  // rounded up
    policy.ack_timeout_ms = 4321;
    EXPECT_TRUE(apply_policy(pair.server.get(), policy));
    EXPECT_EQ(7, tcp_option(pair.server, TCP_LINGER2));
    EXPECT_EQ(4321, tcp_option(pair.server, TCP_USER_TIMEOUT));
}

TEST(ApplyPolicy, ZeroMeansNoFinWait2AfterClose) {
    const TcpPair pair = Loopback().half_closed();
    Policy policy;
    policy.wait_timeout_ms = 0;
    EXPECT_TRUE(apply_policy(pair.server.get(), policy));
    EXPECT_EQ(-1, tcp_option(pair.server, TCP_LINGER2));
}

TEST(ApplyPolicy, LeavesTheKernelsDefaultsAlone) {
    const TcpPair pair = Loopback().half_closed();
    const int before = tcp_option(pair.server, TCP_LINGER2);
    Policy policy;
    policy.wait_timeout_ms = Policy::kWaitKernel;
    EXPECT_TRUE(apply_policy(pair.server.get(), policy));
    EXPECT_EQ(before, tcp_option(pair.server, TCP_LINGER2));
    EXPECT_EQ(0, tcp_option(pair.server, TCP_USER_TIMEOUT));
}

TEST(ApplyPolicy, TakesTheKernelsMostForLongerTimes) {
    const TcpPair pair = Loopback().half_closed();
    Policy policy;
    policy.wait_timeout_ms = 3'600'000;
    EXPECT_TRUE(apply_policy(pair.server.get(), policy));
    EXPECT_EQ(120, tcp_option(pair.server, TCP_LINGER2));
}

TEST(WaitTimeout, OfTheKernelIsItsOwnSetting) {
    const TcpPair pair = Loopback().half_closed();
    Policy policy;
    policy.wait_timeout_ms = Policy::kWaitKernel;
    std::uint32_t seconds = 0;
    ASSERT_TRUE(std::ifstream("/proc/sys/net/ipv4/tcp_fin_timeout") >> seconds);
    EXPECT_EQ(1000 * seconds, wait_timeout_ms(pair.server.get(), policy));
    policy.wait_timeout_ms = 4321;
    EXPECT_EQ(4321U, wait_timeout_ms(pair.server.get(), policy));
}

TEST(ForgetAfterClose, LeavesTheKernelTheSecondThatItCanCount) {
    const TcpPair pair = Loopback().half_closed();
    forget_after_close(pair.server.get());
    EXPECT_EQ(1, tcp_option(pair.server, TCP_LINGER2));
}

TEST(Probes, AreTheKernelsAndEndTheUserTimeout) {
    const TcpPair pair = Loopback().half_closed();
    Policy policy;
    policy.ack_timeout_ms = 4321;
    ASSERT_TRUE(apply_policy(pair.server.get(), policy));
    set_probes(pair.server.get(), std::chrono::seconds(5));
    EXPECT_EQ(5, tcp_option(pair.server, TCP_KEEPIDLE));
    EXPECT_EQ(1, tcp_option(pair.server, TCP_KEEPINTVL));
    EXPECT_EQ(3, tcp_option(pair.server, TCP_KEEPCNT));
    EXPECT_EQ(0, tcp_option(pair.server, TCP_USER_TIMEOUT));
    int on = 0;
    socklen_t size = sizeof on;
    ASSERT_EQ(0, ::getsockopt(pair.server.get(), SOL_SOCKET, SO_KEEPALIVE, &on, &size));
    EXPECT_EQ(1, on);
}

TEST(ApplyPolicy, RefusesWhatIsNotTcp) {
    Policy of_kernel;
    of_kernel.wait_timeout_ms = Policy::kWaitKernel;
    Policy with_ack_timeout = of_kernel;
    with_ack_timeout.ack_timeout_ms = 1000;
    int ends[2];
    ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    const UniqueFd unix_stream(ends[0]);
    const UniqueFd unix_peer(ends[1]);
    const UniqueFd udp(::socket(AF_INET, SOCK_DGRAM, 0));
    const UniqueFd file(::open("/dev/null", O_RDWR));
    for (const Policy& policy : {Policy(), of_kernel, with_ack_timeout}) {
        EXPECT_FALSE(apply_policy(unix_stream.get(), policy));
        EXPECT_FALSE(apply_policy(udp.get(), policy));
        EXPECT_FALSE(apply_policy(file.get(), policy));
    }
}

TEST(Discard, CountsWhatItDiscardsUpToTheMaximum) {
    const TcpPair pair = Loopback().half_closed();
    EXPECT_EQ(EAGAIN, discard(pair.server.get(), 100).error);
    send_bytes(pair.client, 250);
    await(pair.server, POLLIN);
    EXPECT_EQ(100U, discard(pair.server.get(), 100).bytes);
    EXPECT_EQ(150U, discard(pair.server.get(), 1000).bytes);
    EXPECT_EQ(EAGAIN, discard(pair.server.get(), 1000).error);
}

TEST(Discard, TellsTheFinFromAReset) {
    TcpPair closed = Loopback().half_closed();
    closed.client.reset();
    await(closed.server, POLLRDHUP);
    const Incoming fin = discard(closed.server.get(), 100);
    EXPECT_EQ(0U, fin.bytes);
    EXPECT_EQ(0, fin.error);

    TcpPair aborted = Loopback().half_closed();
    reset(aborted.client);
    await(aborted.server, POLLRDHUP);
    EXPECT_EQ(ECONNRESET, discard(aborted.server.get(), 100).error);
}

TEST(Discard, PassesAnUrgentByte) {
    TcpPair pair = Loopback().half_closed();
    send_bytes(pair.client, 10);
    send_bytes(pair.client, 1, MSG_OOB);
    send_bytes(pair.client, 10);
    pair.client.reset();
    await(pair.server, POLLRDHUP);
    std::size_t bytes = 0;
    for (int i = 0; i < 5; ++i) {
        const Incoming got = discard(pair.server.get(), 1000);
        ASSERT_EQ(0, got.error);
        if (got.bytes == 0) break;
        bytes += got.bytes;
    }
    EXPECT_EQ(20U, bytes);
}

TEST(UnackedBytes, IsZeroExactlyInFinWait2) {
    const TcpPair pair = Loopback(4096).connect();
    const std::string reply(200'000, 'x');
    const ssize_t sent = ::send(pair.server.get(), reply.data(), reply.size(), MSG_DONTWAIT);
    ASSERT_GT(sent, 0);
    pair.half_close();
    EXPECT_GT(unacked_bytes(pair.server.get()), 1U);
    EXPECT_EQ(TcpState::fin_wait_1, facts_of(pair.server.get()).state);
    EXPECT_EQ(0, end_seen_by(pair.client));
    EXPECT_EVENTUALLY(facts_of(pair.server.get()).state, TcpState::fin_wait_2);
    EXPECT_EQ(0U, unacked_bytes(pair.server.get()));
}

TEST(TcpFacts, HaveTheSocketsCookie) {
    const TcpPair pair = Loopback().half_closed();
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    ASSERT_EQ(0, ::getsockopt(pair.server.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size));
    EXPECT_NE(0U, cookie);
    EXPECT_EQ(cookie, facts_of(pair.server.get()).socket_cookie);
    EXPECT_GT(facts_of(pair.server.get()).rtt_us, 0U);
}

TEST(TcpFacts, StateIsClosedAfterBothFins) {
    TcpPair pair = Loopback().half_closed();
    pair.client.reset();
    await(pair.server, POLLRDHUP);
    EXPECT_EVENTUALLY(facts_of(pair.server.get()).state, TcpState::closed);
}

TEST(ResetAtClose, SendsReset) {
    TcpPair pair = Loopback().half_closed();
    EXPECT_EQ(0, end_seen_by(pair.client));
    reset_at_close(pair.server.get());
    pair.server.reset();
    pollfd entry{pair.client.get(), 0, 0};
    ASSERT_EQ(1, ::poll(&entry, 1, kPatienceMs));
    EXPECT_NE(0, entry.revents & (POLLERR | POLLHUP));
}

}  // namespace
}  // namespace finwait
