// SPDX-License-Identifier: Apache-2.0
//
// Linked into a closer, makes it one of another version: of each message that comes, the version is
// not its own.
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
    const auto got = static_cast<int>(syscall(SYS_recvmmsg, fd, messages, count, flags, timeout));
    for (int i = 0; i < got; ++i)
        if (messages[i].msg_len > 0) ++*static_cast<char*>(messages[i].msg_hdr.msg_iov->iov_base);
    return got;
}
