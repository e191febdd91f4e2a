// SPDX-License-Identifier: Apache-2.0
#include "module/parent/channel.hpp"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "contract/rights.hpp"

namespace finwait {

namespace {

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
    ssize_t sent;
    do {
        sent = ::sendmsg(lane, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return decline_for(errno);
    return std::nullopt;
}

// All zeros where the kernel gives no answer.
tcp_info info_of(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
    return info;
}

int pending_error(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : 0;
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
        decline = send_by(lane, message);
        if (decline != Decline::channel_full) break;
    }
    return decline;
}

Peek peek_at(int socket) {
    std::byte byte;
    ssize_t size;
    do {
        size = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    } while (size < 0 && errno == EINTR);
    if (size > 0) return Peek::data;
    // A RST that httpd has already been told of reads as if a FIN had come; the state tells.
    if (size == 0 && !is_closed(socket)) return Peek::fin;
    // A RST in CLOSE_WAIT leaves EPIPE, until a write has been told (net/ipv4/tcp_input.c,
    // tcp_reset).
    if (size == 0) return pending_error(socket) == EPIPE ? Peek::fin_then_reset : Peek::closed;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Peek::nothing : Peek::reset;
}

bool is_closed(int socket) {
    return info_of(socket).tcpi_state == static_cast<int>(TcpState::closed);
}

bool has_unacknowledged(int socket) {
    int bytes = 0;
    return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

void hold_partial_segment(int socket, bool hold) {
    const int on = hold ? 1 : 0;
    ::setsockopt(socket, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

Received received_on(int socket) {
    const tcp_info info = info_of(socket);
    return {info.tcpi_bytes_received != 0, std::chrono::milliseconds(info.tcpi_last_data_recv)};
}

bool only_fin_unacknowledged(int socket, int goodbye_max) {
    int unacknowledged = 0;
    return ::ioctl(socket, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged <= 1 + goodbye_max;
}

bool has_hung_up(int socket) {
    pollfd state{socket, 0, 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) != 0;
}

}  // namespace finwait
