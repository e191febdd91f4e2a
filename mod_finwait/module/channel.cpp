// SPDX-License-Identifier: Apache-2.0
#include "module/channel.hpp"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

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

// One descriptor as ancillary data; must outlive the sendmsg() it is attached to.
class Rights {
  public:
    void attach(msghdr& message, int descriptor) {
        message.msg_control = buffer_.data();
        message.msg_controllen = buffer_.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }

  private:
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> buffer_{};
};

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
    if (size == 0)
        return info_of(socket).tcpi_state == static_cast<int>(TcpState::closed) ? Peek::closed
                                                                                : Peek::fin;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Peek::nothing : Peek::reset;
}

Received received_on(int socket) {
    const tcp_info info = info_of(socket);
    return {info.tcpi_bytes_received != 0, std::chrono::milliseconds(info.tcpi_last_data_recv)};
}

bool only_fin_unacknowledged(int socket) {
    int unacknowledged = 0;
    return ::ioctl(socket, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged <= 1;
}

}  // namespace finwait
