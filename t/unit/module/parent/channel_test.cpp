// SPDX-License-Identifier: Apache-2.0
#include "module/parent/channel.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstring>
#include <thread>
#include <vector>

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

// What an ordinary user's children have in flight together is bounded by the soft limit of the one
// that sends. Each thread meets it at its own time, before or after another has raised it.
std::size_t declined_of_threads() {
    constexpr rlim_t kSoft = 50;
    constexpr int kThreads = 8, kEach = 40, kRounds = 50;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    std::atomic<std::size_t> declined{0};
    const UniqueFd any(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    for (int round = 0; round < kRounds; ++round) {
        const std::vector<Pair> lanes = [] {
            std::vector<Pair> pairs;
            for (int i = 0; i < kThreads; ++i) pairs.emplace_back(SOCK_SEQPACKET);
            return pairs;
        }();
        limit.rlim_cur = kSoft;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        std::barrier begin(kThreads);
        std::vector<std::jthread> threads;
        for (const Pair& lane : lanes)
            threads.emplace_back([&] {
                begin.arrive_and_wait();
                for (int i = 0; i < kEach; ++i)
                    if (send_message(lane_of(lane), a_message(MessageKind::handoff), any.get()))
                        ++declined;
            });
    }
    return declined;
}

TEST(Channel, RaisesTheSoftLimitForAllThreadsThatMeetIt) {
    if (::geteuid() != 0) GTEST_SKIP() << "a user with nothing in flight but this is needed";
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t kNobodyElse = 61'234;
        const bool is_user = ::setresuid(kNobodyElse, kNobodyElse, kNobodyElse) == 0;
        ::_exit(is_user && declined_of_threads() == 0 ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(child, ::waitpid(child, &status, 0));
    EXPECT_EQ(0, status);
}

TEST(HasHungUp, IsTrueOnceTheOtherEndIsClosed) {
    Pair pair(SOCK_SEQPACKET);
    EXPECT_FALSE(has_hung_up(pair.send.get()));
    pair.receive = UniqueFd();
    EXPECT_TRUE(has_hung_up(pair.send.get()));
}

}  // namespace
}  // namespace finwait
