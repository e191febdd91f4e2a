// SPDX-License-Identifier: Apache-2.0
#include "contract/tcp_socket.hpp"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

#include "finwait/words.hpp"

namespace finwait {

namespace {

std::optional<tcp_info> info_of(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
    return info;
}

int pending_error(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : 0;
}

}  // namespace

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
    const auto info = info_of(socket);
    return info && info->tcpi_state == static_cast<int>(TcpState::closed);
}

bool has_acknowledged_fin(int socket) {
    const auto info = info_of(socket);
    // Only what is acknowledged counts the FIN, as one byte.
    return info && info->tcpi_bytes_acked > info->tcpi_bytes_sent - info->tcpi_bytes_retrans;
}

bool has_unacknowledged(int socket) {
    int bytes = 0;
    return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

void hold_partial_segment(int socket, bool hold) {
    const int on = hold ? 1 : 0;
    ::setsockopt(socket, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

std::optional<Received> received_on(int socket) {
    const auto info = info_of(socket);
    if (!info) return std::nullopt;
    return Received{info->tcpi_bytes_received != 0,
                    std::chrono::milliseconds(info->tcpi_last_data_recv)};
}

bool speaks_tcp(int socket) {
    int protocol = 0;
    socklen_t size = sizeof protocol;
    return ::getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
           protocol == IPPROTO_TCP;
}

bool only_fin_unacknowledged(int socket, int goodbye_max) {
    int unacknowledged = 0;
    return ::ioctl(socket, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged <= 1 + goodbye_max;
}

}  // namespace finwait
