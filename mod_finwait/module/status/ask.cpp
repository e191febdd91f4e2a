// SPDX-License-Identifier: Apache-2.0
#include "module/status/ask.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "module/parent/channel.hpp"

namespace finwait {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

bool wait_readable(int end, milliseconds wait_max) {
    const auto deadline = Clock::now() + wait_max;
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        pollfd readable{end, POLLIN, 0};
        const int ready =
            ::poll(&readable, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

// -1 if the other end was closed without an answer.
int receive_descriptor(int end) {
    std::byte byte{};
    iovec payload{&byte, sizeof byte};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> rights{};
    msghdr message{};
    message.msg_iov = &payload;
    message.msg_iovlen = 1;
    message.msg_control = rights.data();
    message.msg_controllen = rights.size();
    if (::recvmsg(end, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0) return -1;
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int)))
        return -1;
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

Answer await_answer(int end, milliseconds wait_max) {
    if (!wait_readable(end, wait_max))
        return {-1, "the closer did not answer within " + std::to_string(wait_max.count()) + " ms"};
    const int descriptor = receive_descriptor(end);
    if (descriptor >= 0) return {descriptor, {}};
    return {-1, "the closer ended or could not answer"};
}

}  // namespace

Answer ask(std::span<const int> lanes, const Question& question, milliseconds wait_max) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return {-1, std::string("no socket to ask the closer by: ") + std::strerror(errno)};
    const auto declined = send_question(lanes, question, ends[1]);
    ::close(ends[1]);
    Answer answer;
    if (declined)
        answer.why_not = "the closer could not be asked (" + std::string(name_of(*declined)) + ")";
    else
        answer = await_answer(ends[0], wait_max);
    ::close(ends[0]);
    return answer;
}

std::size_t size_of_answer(int descriptor) {
    struct stat status {};
    const int seals = ::fcntl(descriptor, F_GET_SEALS);  // fails on what is no memfd
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || ::fstat(descriptor, &status) != 0) return 0;
    const auto size = static_cast<std::size_t>(status.st_size);
    return size <= kAnswerMax ? size : 0;
}

}  // namespace finwait
