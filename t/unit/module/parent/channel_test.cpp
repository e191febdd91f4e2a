// SPDX-License-Identifier: Apache-2.0
#include "module/parent/channel.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <thread>

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

// Of two processes: what the traced one's other thread is to do, and has done.
enum class Raise : int { not_yet, now, done };
using SharedRaise = std::atomic<Raise>;

void set_soft_limit(rlim_t soft) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min(limit.rlim_max, soft);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

// What an ordinary user's children have in flight together is bounded by the soft limit of the one
// that sends: 0 if he sent one more than it allows.
int send_one_too_many(SharedRaise& shared) {
    constexpr uid_t kNobodyElse = 61'234;
    constexpr rlim_t kSoft = 50;
    const UniqueFd any(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Pair lane(SOCK_SEQPACKET);
    const auto send = [&] {
        return send_message(lane_of(lane), a_message(MessageKind::handoff), any.get()).has_value();
    };
    if (::setresuid(kNobodyElse, kNobodyElse, kNobodyElse) != 0) return 2;
    for (rlim_t i = 0; i <= kSoft; ++i)
        if (send()) return 3;
    set_soft_limit(kSoft);
    std::jthread other([&] {
        while (shared == Raise::not_yet) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        set_soft_limit(RLIM_INFINITY);
        shared = Raise::done;
    });
    const bool is_declined = send();
    if (shared == Raise::not_yet) shared = Raise::now;
    return is_declined ? 1 : 0;
}

// At the moment when it learns of that, the other thread raises the limit. Its exit status; -1 if
// it has none.
int end_of_traced(pid_t child, SharedRaise* shared) {
    int status = 0;
    while (::waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD);
        __ptrace_syscall_info call{};
        ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof call, &call);
        if (shared && call.op == PTRACE_SYSCALL_INFO_EXIT && call.exit.rval == -ETOOMANYREFS) {
            *shared = Raise::now;
            EXPECT_EVENTUALLY(shared->load(), Raise::done);
        }
        if (::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) != 0) return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Channel, ThatMeetsTheSoftLimitIsTriedAgainWhoeverHasRaisedIt) {
    if (::geteuid() != 0) GTEST_SKIP() << "a user with nothing in flight but this is needed";
    void* memory = ::mmap(nullptr, sizeof(SharedRaise), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(MAP_FAILED, memory);
    for (const bool another_raises : {false, true}) {
        auto* shared = new (memory) SharedRaise(Raise::not_yet);
        const pid_t child = ::fork();
        if (child == 0) {
            ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
            ::raise(SIGSTOP);
            ::_exit(send_one_too_many(*shared));
        }
        EXPECT_EQ(0, end_of_traced(child, another_raises ? shared : nullptr)) << another_raises;
        EXPECT_EQ(Raise::done, *shared);
    }
    ::munmap(memory, sizeof(SharedRaise));
}

TEST(HasHungUp, IsTrueOnceTheOtherEndIsClosed) {
    Pair pair(SOCK_SEQPACKET);
    EXPECT_FALSE(has_hung_up(pair.send.get()));
    pair.receive = UniqueFd();
    EXPECT_TRUE(has_hung_up(pair.send.get()));
}

}  // namespace
}  // namespace finwait
