// SPDX-License-Identifier: Apache-2.0
#include "module/parent/channel.hpp"

#include <gtest/gtest.h>
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

Handoff a_message(MessageKind kind) {
    Handoff message;
    message.kind = kind;
    message.close.user_agent = "curl/7.88.1";
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
    const Pair socket(SOCK_STREAM);
    EXPECT_FALSE(
        send_message(lane_of(channel), a_message(MessageKind::handoff), socket.send.get()));
    Received received;
    receive(channel.receive.get(), received);
    EXPECT_EQ(received.descriptors, 1);
    EXPECT_EQ(received.message.close.user_agent, "curl/7.88.1");
}

TEST(Channel, CarriesNoSocketWithAReport) {
    const Pair channel(SOCK_SEQPACKET);
    EXPECT_FALSE(send_message(lane_of(channel), a_message(MessageKind::ended), -1));
    Received received;
    receive(channel.receive.get(), received);
    EXPECT_EQ(received.descriptors, 0);
}

TEST(Channel, ThatIsFullDeclinesAtOnce) {
    const Pair channel(SOCK_SEQPACKET);
    std::optional<Decline> decline;
    for (int i = 0; i < 100'000 && !decline; ++i)
        decline = send_message(lane_of(channel), a_message(MessageKind::ended), -1);
    EXPECT_EQ(decline, Decline::channel_full);
}

TEST(Channel, TakesTheNextLaneWhenOneIsFull) {
    const Pair first(SOCK_SEQPACKET), second(SOCK_SEQPACKET);
    const std::array lanes{first.send.get(), second.send.get()};
    while (!send_message(lane_of(first), a_message(MessageKind::ended), -1)) {
    }
    EXPECT_FALSE(send_message(lanes, a_message(MessageKind::ended), -1));
    Received received;
    receive(second.receive.get(), received);
    EXPECT_EQ(received.message.close.user_agent, "curl/7.88.1");
}

TEST(Channel, WithoutACloserDeclinesAndRaisesNoSignal) {
    Pair channel(SOCK_SEQPACKET);
    channel.receive = UniqueFd();
    EXPECT_EQ(send_message(lane_of(channel), a_message(MessageKind::ended), -1),
              Decline::no_closer);
}

TEST(Channel, DeclinesAMessageThatCannotBeEncoded) {
    const Pair channel(SOCK_SEQPACKET);
    const std::string long_agent(kUserAgentMax + 1, 'x');
    Handoff message = a_message(MessageKind::ended);
    message.close.user_agent = long_agent;
    EXPECT_EQ(send_message(lane_of(channel), message, -1), Decline::bad_message);
}

TEST(Channel, DeclinesADescriptorThatIsNone) {
    const Pair channel(SOCK_SEQPACKET);
    EXPECT_EQ(send_message(lane_of(channel), a_message(MessageKind::handoff), -1),
              Decline::send_failed);
}

TEST(HasHungUp, IsTrueOnceTheOtherEndIsClosed) {
    Pair pair(SOCK_SEQPACKET);
    EXPECT_FALSE(has_hung_up(pair.send.get()));
    pair.receive = UniqueFd();
    EXPECT_TRUE(has_hung_up(pair.send.get()));
}

}  // namespace
}  // namespace finwait
