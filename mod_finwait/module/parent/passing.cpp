// SPDX-License-Identifier: Apache-2.0
#include "module/parent/passing.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace finwait {

namespace {

constexpr std::size_t kRightsSize = CMSG_SPACE(kPassedMax * sizeof(int));

bool send(int to, std::span<const std::byte> message, std::span<const int> descriptors) {
    alignas(cmsghdr) std::array<std::byte, kRightsSize> rights{};
    iovec part{const_cast<std::byte*>(message.data()), message.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = rights.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(control), descriptors.data(), descriptors.size_bytes());
    return ::sendmsg(to, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

Passed take(int from, std::span<std::byte> message, int flags) {
    alignas(cmsghdr) std::array<std::byte, kRightsSize> rights;
    iovec part{message.data(), message.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = rights.data();
    header.msg_controllen = rights.size();
    ssize_t size;
    do {
        size = ::recvmsg(from, &header, MSG_CMSG_CLOEXEC | flags);
    } while (size < 0 && errno == EINTR);
    Passed passed;
    if (size <= 0) return passed;
    passed.size = static_cast<std::size_t>(size);
    const cmsghdr* control = CMSG_FIRSTHDR(&header);
    if (!control || control->cmsg_type != SCM_RIGHTS) return passed;
    passed.count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::memcpy(passed.descriptors.data(), CMSG_DATA(control), passed.count * sizeof(int));
    return passed;
}

}  // namespace

// What an ordinary user may have in flight is bounded by his soft limit, and his children's closes
// are in flight too (net/unix/scm.c, too_many_unix_fds).
bool pass(int to, std::span<const std::byte> message, std::span<const int> descriptors) {
    if (send(to, message, descriptors)) return true;
    rlimit limit{};
    if (errno != ETOOMANYREFS || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    const rlimit most{limit.rlim_max, limit.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &most);
    const bool is_sent = send(to, message, descriptors);
    const int error = errno;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    errno = error;
    return is_sent;
}

Passed take_passed(int from, std::span<std::byte> message) {
    return take(from, message, 0);
}

Passed take_passed_already(int from, std::span<std::byte> message) {
    return take(from, message, MSG_DONTWAIT);
}

}  // namespace finwait
