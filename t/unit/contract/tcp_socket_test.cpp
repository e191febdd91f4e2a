// SPDX-License-Identifier: Apache-2.0
#include "contract/tcp_socket.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "closer/unique_fd.hpp"
#include "eventually.hpp"

namespace finwait {
namespace {

// A client and the server's side of its connection, on loopback.
struct TcpPair {
    TcpPair() {
        const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size);
        ::listen(listener.get(), 1);
        ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
        client = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        server = UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }

    void await_input() const {
        pollfd readable{server.get(), POLLIN, 0};
        ASSERT_EQ(::poll(&readable, 1, test::kPatienceMs), 1);
    }

    UniqueFd client, server;
};

TEST(PeekAt, TellsSilenceDataFinAndResetApart) {
    TcpPair silent;
    EXPECT_EQ(peek_at(silent.server.get()), Peek::nothing);

    ASSERT_EQ(::send(silent.client.get(), "x", 1, 0), 1);
    silent.await_input();
    EXPECT_EQ(peek_at(silent.server.get()), Peek::data);
    silent.client = UniqueFd();
    EXPECT_EQ(peek_at(silent.server.get()), Peek::data)
        << "a FIN behind unread bytes needs a drain";

    TcpPair closed;
    closed.client = UniqueFd();
    closed.await_input();
    EXPECT_EQ(peek_at(closed.server.get()), Peek::fin);

    TcpPair reset;
    const linger abort{1, 0};
    ::setsockopt(reset.client.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    reset.client = UniqueFd();
    reset.await_input();
    EXPECT_EQ(peek_at(reset.server.get()), Peek::reset);
    EXPECT_EQ(peek_at(reset.server.get()), Peek::closed) << "the error is told once";
}

void wait_for_end(int socket) {
    pollfd state{socket, 0, 0};  // POLLERR and POLLHUP need no asking
    ASSERT_EQ(::poll(&state, 1, test::kPatienceMs), 1);
}

void reset(TcpPair& pair) {
    const linger abort{1, 0};
    ::setsockopt(pair.client.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    pair.client = UniqueFd();
    wait_for_end(pair.server.get());
}

TEST(PeekAt, TellsARstThatAnsweredUsFromTheClientsOwn) {
    TcpPair pair;
    pair.client = UniqueFd();
    pair.await_input();
    ASSERT_EQ(::send(pair.server.get(), "x", 1, MSG_NOSIGNAL), 1);
    wait_for_end(pair.server.get());
    EXPECT_EQ(peek_at(pair.server.get()), Peek::fin_then_reset);
    EXPECT_EQ(peek_at(pair.server.get()), Peek::closed) << "the error is told once";
}

TEST(IsClosed, SeesARstBehindUnreadBytes) {
    TcpPair pair;
    ASSERT_EQ(::send(pair.client.get(), "x", 1, 0), 1);
    pair.await_input();
    EXPECT_FALSE(is_closed(pair.server.get()));
    reset(pair);
    EXPECT_TRUE(is_closed(pair.server.get()));
}

TEST(HasAcknowledgedFin, TellsBothFinsFromARst) {
    TcpPair ended;
    ASSERT_EQ(::send(ended.server.get(), "reply", 5, 0), 5);
    EXPECT_FALSE(has_acknowledged_fin(ended.server.get()));
    ::shutdown(ended.server.get(), SHUT_WR);
    std::array<char, 8> read;
    ASSERT_EQ(::recv(ended.client.get(), read.data(), read.size(), MSG_WAITALL), 5);
    ended.client = UniqueFd();
    wait_for_end(ended.server.get());
    EXPECT_TRUE(has_acknowledged_fin(ended.server.get()));

    TcpPair aborted;
    ASSERT_EQ(::send(aborted.server.get(), "reply", 5, 0), 5);
    reset(aborted);
    EXPECT_FALSE(has_acknowledged_fin(aborted.server.get()));
}

TEST(UnackedBytes, AreWhatTheClientLeavesUnreadAndOurFin) {
    const TcpPair pair;
    EXPECT_EQ(0U, unacked_bytes(pair.server.get()));
    const std::array<char, 65'536> data{};
    while (::send(pair.server.get(), data.data(), data.size(), MSG_DONTWAIT) > 0) {
    }
    EXPECT_GT(unacked_bytes(pair.server.get()), 256U);
    const TcpPair quiet;
    ::shutdown(quiet.server.get(), SHUT_WR);
    EXPECT_LE(unacked_bytes(quiet.server.get()), 1U);
    EXPECT_EQ(std::nullopt, unacked_bytes(-1));
}

TEST(ReceivedOn, TellsWhetherAByteEverCame) {
    const TcpPair tcp;
    EXPECT_FALSE(received_on(tcp.server.get())->any);
    ASSERT_EQ(::send(tcp.client.get(), "x", 1, 0), 1);
    tcp.await_input();
    EXPECT_TRUE(received_on(tcp.server.get())->any);
}

TEST(ReceivedOn, TellsWhenOursHaveLeft) {
    const TcpPair tcp;
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_EQ(::send(tcp.server.get(), "x", 1, 0), 1);
    const auto since_sent = received_on(tcp.server.get())->since_sent;
    ASSERT_TRUE(since_sent);
    EXPECT_LE(*since_sent,
              std::chrono::steady_clock::now() - begin + std::chrono::milliseconds(10));  // jiffies
    const std::array<char, 65'536> data{};
    while (::send(tcp.server.get(), data.data(), data.size(), MSG_DONTWAIT) > 0) {
    }
    EXPECT_FALSE(received_on(tcp.server.get())->since_sent) << "not all has left";
}

TEST(ReceivedOn, ASocketThatIsClosedIsNotKnown) {
    EXPECT_FALSE(received_on(-1));
}

TEST(SpeaksTcp, IsFalseForAnythingElse) {
    const TcpPair tcp;
    EXPECT_TRUE(speaks_tcp(tcp.server.get()));
    EXPECT_FALSE(speaks_tcp(UniqueFd(::socket(AF_INET, SOCK_DGRAM, 0)).get()));
    EXPECT_FALSE(speaks_tcp(-1));
    const UniqueFd mptcp(::socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP));
    EXPECT_FALSE(speaks_tcp(mptcp.get())) << "also -1, where the kernel has none";
}

}  // namespace
}  // namespace finwait
