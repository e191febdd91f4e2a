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

}  // namespace

Incoming peek(int socket) {
    std::byte byte;
    const ssize_t result = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (result >= 0) return {static_cast<std::size_t>(result), 0};
    return {0, errno == EINTR || errno == EWOULDBLOCK ? EAGAIN : errno};
}

Peek peek_at(int socket) {
    const Incoming next = peek(socket);
    if (next.bytes > 0) return Peek::data;
    if (next.error != 0) return next.error == EAGAIN ? Peek::nothing : Peek::reset;
    // A RST that httpd has already been told of reads as if a FIN had come; the state tells.
    if (!is_closed(socket)) return Peek::fin;
    // A RST in CLOSE_WAIT leaves EPIPE, until a write has been told (net/ipv4/tcp_input.c,
    // tcp_reset).
    return pending_error(socket) == EPIPE ? Peek::fin_then_reset : Peek::closed;
}

int pending_error(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : 0;
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

std::optional<std::uint32_t> unacked_bytes(int socket) {
    int bytes = 0;
    if (::ioctl(socket, SIOCOUTQ, &bytes) != 0) return std::nullopt;
    return static_cast<std::uint32_t>(bytes);
}

AckFacts ack_facts(int socket) {
    const tcp_info info = info_of(socket).value_or(tcp_info{});
    // SIOCOUTQ and not tcpi_bytes_acked: nothing is written after the half-close, so one grows by
    // what the other shrinks, and SIOCOUTQ needs no TCP_INFO at the beginning to compare with.
    return {unacked_bytes(socket).value_or(UINT32_MAX),
            std::chrono::milliseconds(info.tcpi_last_ack_recv), info.tcpi_probes};
}

void note_tcp_facts(CloseFacts& close, int socket) {
    const tcp_info info = info_of(socket).value_or(tcp_info{});
    close.state = word_at<TcpState>(info.tcpi_state).value_or(TcpState::unknown);
    close.rtt_us = info.tcpi_rtt;
    close.unacked = info.tcpi_unacked;
    close.retransmits = info.tcpi_total_retrans;
    socklen_t size = sizeof close.socket_cookie;
    ::getsockopt(socket, SOL_SOCKET, SO_COOKIE, &close.socket_cookie, &size);
}

void hold_partial_segment(int socket, bool hold) {
    const int on = hold ? 1 : 0;
    ::setsockopt(socket, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

std::optional<Received> received_on(int socket) {
    const auto info = info_of(socket);
    if (!info) return std::nullopt;
    Received received{.any = info->tcpi_bytes_received != 0,
                      .since_last = std::chrono::milliseconds(info->tcpi_last_data_recv),
                      .since_sent = std::nullopt};
    if (info->tcpi_notsent_bytes == 0)
        received.since_sent = std::chrono::milliseconds(info->tcpi_last_data_sent);
    return received;
}

bool speaks_tcp(int socket) {
    int protocol = 0;
    socklen_t size = sizeof protocol;
    return ::getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
           protocol == IPPROTO_TCP;
}

}  // namespace finwait
