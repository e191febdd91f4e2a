// SPDX-License-Identifier: Apache-2.0
#include "module/parent/channel.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "closer/unique_fd.hpp"
#include "eventually.hpp"

namespace finwait {
namespace {

struct Pair {
    explicit Pair(int type) {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
        send = UniqueFd(ends[0]);
        receive = UniqueFd(ends[1]);
    }
    UniqueFd send, receive;
};

std::array<int, 1> lane_of(const Pair& pair) {
    return {pair.send.get()};
}

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

Handoff a_message(MessageKind kind) {
    Handoff message;
    message.kind = kind;
    message.user_agent = "curl/7.88.1";
    return message;
}

struct Received {
    Handoff message;
    std::array<std::byte, kHandoffSizeMax> bytes;
    int descriptors = 0;
};

void receive(int fd, Received& received) {
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control;
    iovec part{received.bytes.data(), received.bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    ASSERT_GT(size, 0);
    ASSERT_EQ(
        decode(std::span(received.bytes).first(static_cast<std::size_t>(size)), received.message),
        DecodeError::none);
    const cmsghdr* right = CMSG_FIRSTHDR(&header);
    if (!right) return;
    int descriptor;
    std::memcpy(&descriptor, CMSG_DATA(right), sizeof descriptor);
    ::close(descriptor);
    received.descriptors = 1;
}

TEST(Channel, CarriesASocketWithAHandoff) {
    const Pair channel(SOCK_SEQPACKET);
    const TcpPair tcp;
    EXPECT_FALSE(send_message(lane_of(channel), a_message(MessageKind::handoff), tcp.server.get()));
    Received received;
    receive(channel.receive.get(), received);
    EXPECT_EQ(received.descriptors, 1);
    EXPECT_EQ(received.message.user_agent, "curl/7.88.1");
}

TEST(Channel, CarriesNoSocketWithAReport) {
    const Pair channel(SOCK_SEQPACKET);
    EXPECT_FALSE(send_message(lane_of(channel), a_message(MessageKind::report), -1));
    Received received;
    receive(channel.receive.get(), received);
    EXPECT_EQ(received.descriptors, 0);
}

TEST(Channel, ThatIsFullDeclinesAtOnce) {
    const Pair channel(SOCK_SEQPACKET);
    std::optional<Decline> decline;
    for (int i = 0; i < 100'000 && !decline; ++i)
        decline = send_message(lane_of(channel), a_message(MessageKind::report), -1);
    EXPECT_EQ(decline, Decline::channel_full);
}

TEST(Channel, TakesTheNextLaneWhenOneIsFull) {
    const Pair first(SOCK_SEQPACKET), second(SOCK_SEQPACKET);
    const std::array lanes{first.send.get(), second.send.get()};
    while (!send_message(lane_of(first), a_message(MessageKind::report), -1)) {
    }
    EXPECT_FALSE(send_message(lanes, a_message(MessageKind::report), -1));
    Received received;
    receive(second.receive.get(), received);
    EXPECT_EQ(received.message.user_agent, "curl/7.88.1");
}

TEST(Channel, WithoutACloserDeclinesAndRaisesNoSignal) {
    Pair channel(SOCK_SEQPACKET);
    channel.receive = UniqueFd();
    EXPECT_EQ(send_message(lane_of(channel), a_message(MessageKind::report), -1),
              Decline::no_closer);
}

TEST(Channel, DeclinesAMessageThatCannotBeEncoded) {
    const Pair channel(SOCK_SEQPACKET);
    const std::string long_agent(kUserAgentMax + 1, 'x');
    Handoff message = a_message(MessageKind::report);
    message.user_agent = long_agent;
    EXPECT_EQ(send_message(lane_of(channel), message, -1), Decline::bad_message);
}

TEST(Channel, DeclinesADescriptorThatIsNone) {
    const Pair channel(SOCK_SEQPACKET);
    EXPECT_EQ(send_message(lane_of(channel), a_message(MessageKind::handoff), -1),
              Decline::send_failed);
}

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

TEST(HasUnacknowledged, IsTrueOnlyWhereTheClientLeavesDataUnread) {
    const TcpPair pair;
    EXPECT_FALSE(has_unacknowledged(pair.server.get()));
    const std::array<char, 65'536> data{};
    while (::send(pair.server.get(), data.data(), data.size(), MSG_DONTWAIT) > 0) {
    }
    EXPECT_TRUE(has_unacknowledged(pair.server.get()));
}

TEST(OnlyFinUnacknowledged, IsTrueUnlessTheClientLeavesDataUnread) {
    const TcpPair quiet;
    ::shutdown(quiet.server.get(), SHUT_WR);
    EXPECT_TRUE(only_fin_unacknowledged(quiet.server.get(), 0));

    const TcpPair stuffed;
    const std::array<char, 65'536> data{};
    while (::send(stuffed.server.get(), data.data(), data.size(), MSG_DONTWAIT) > 0) {
    }
    ::shutdown(stuffed.server.get(), SHUT_WR);
    EXPECT_FALSE(only_fin_unacknowledged(stuffed.server.get(), 256));
}

TEST(HasHungUp, IsTrueOnceTheOtherEndIsClosed) {
    Pair pair(SOCK_SEQPACKET);
    EXPECT_FALSE(has_hung_up(pair.send.get()));
    pair.receive = UniqueFd();
    EXPECT_TRUE(has_hung_up(pair.send.get()));
}

TEST(ReceivedOn, TellsWhetherAByteEverCame) {
    const TcpPair tcp;
    EXPECT_FALSE(received_on(tcp.server.get()).any);
    ASSERT_EQ(::send(tcp.client.get(), "x", 1, 0), 1);
    tcp.await_input();
    EXPECT_TRUE(received_on(tcp.server.get()).any);
}

}  // namespace
}  // namespace finwait
