// SPDX-License-Identifier: Apache-2.0
#include "module/parent/channel_pair.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include "module/parent/shared_memory.hpp"

namespace finwait {

namespace {

// In all lanes together enough for as many messages as a usual hard RLIMIT_NOFILE allows
// descriptors in flight.
constexpr int kSendBuffer = 1024 * 1024;
// What a message of under 192 bytes is charged: a 512-byte head and a struct sk_buff.
constexpr unsigned long kMessageCharge = 768;

bool open_lane(int& send, int& receive) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return false;
    send = lifted(ends[0]);
    receive = lifted(ends[1]);
    if (send < 0 || receive < 0) return false;
    // FORCE needs CAP_NET_ADMIN; without it the kernel takes as much as net.core.wmem_max allows.
    if (::setsockopt(send, SOL_SOCKET, SO_SNDBUFFORCE, &kSendBuffer, sizeof kSendBuffer) != 0)
        ::setsockopt(send, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
    return true;
}

}  // namespace

bool open_channel(LaneEnds& send, LaneEnds& receive) {
    for (std::size_t lane = 0; lane < kChannelLanes; ++lane)
        if (!open_lane(send[lane], receive[lane])) return false;
    return true;
}

void close_and_forget(LaneEnds& ends) {
    for (int& end : ends) close_and_forget(end);
}

ChannelCapacity capacity_of(const LaneEnds& send) {
    int size = 0;
    socklen_t length = sizeof size;
    ::getsockopt(send[0], SOL_SOCKET, SO_SNDBUF, &size, &length);
    rlimit descriptors{};
    ::getrlimit(RLIMIT_NOFILE, &descriptors);
    // The kernel keeps twice what was asked for (net/core/sock.c, __sock_set_sndbuf).
    return {kChannelLanes * static_cast<unsigned long>(size) / kMessageCharge, descriptors.rlim_max,
            size >= 2 * kSendBuffer};
}

}  // namespace finwait
