// SPDX-License-Identifier: Apache-2.0
#include "module/parent/channel.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "contract/rights.hpp"

namespace finwait {

namespace {

constexpr rlim_t kInFlightMax = 32'768;  // more than all lanes hold (channel_pair.cpp)

Decline decline_for(int error) {
    switch (error) {
        case EAGAIN:
        case ENOBUFS:
            return Decline::channel_full;
        case ETOOMANYREFS:
            return Decline::too_many_descriptors;
        case EPIPE:
        case ECONNREFUSED:
        case ECONNRESET:
        case ENOTCONN:
            return Decline::no_closer;
        default:
            return Decline::send_failed;
    }
}

std::optional<Decline> send_by(int lane, const msghdr& message) {
    if (lane < 0) return Decline::no_closer;  // a child that was given no channel
    ssize_t sent;
    do {
        sent = ::sendmsg(lane, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return decline_for(errno);
    return std::nullopt;
}

// Descriptors in flight are capped per user at the sender's soft RLIMIT_NOFILE (net/unix/scm.c,
// too_many_unix_fds). Not raised before that is met: a CGI program would inherit it, and one that
// uses select() breaks with descriptors from 1,024 on.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    const rlim_t enough = std::min(limit.rlim_max, kInFlightMax);
    if (limit.rlim_cur >= enough) return;
    limit.rlim_cur = enough;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Tried once more whoever has raised the limit: another thread may have done so since the message
// was refused.
std::optional<Decline> send_with_room_by(int lane, const msghdr& message) {
    const auto decline = send_by(lane, message);
    if (decline != Decline::too_many_descriptors) return decline;
    raise_descriptor_limit();
    return send_by(lane, message);
}

}  // namespace

std::optional<Decline> send_message(std::span<const int> lanes, const Handoff& handoff,
                                    int socket) {
    std::array<std::byte, kHandoffSizeMax> bytes;
    const std::size_t size = encode(handoff, bytes);
    if (size == 0) return Decline::bad_message;

    iovec part{bytes.data(), size};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    Rights rights;
    if (handoff.kind == MessageKind::handoff) rights.attach(message, socket);

    std::optional<Decline> decline = Decline::no_closer;
    for (const int lane : lanes) {
        decline = send_with_room_by(lane, message);
        if (decline != Decline::channel_full) break;
    }
    return decline;
}

bool has_hung_up(int socket) {
    pollfd state{socket, 0, 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) != 0;
}

}  // namespace finwait
