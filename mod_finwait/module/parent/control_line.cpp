// SPDX-License-Identifier: Apache-2.0
#include "module/parent/control_line.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "contract/rights.hpp"
#include "module/clock.hpp"

namespace finwait {

namespace {

// The channel is full of messages, or of descriptors.
bool may_have_room_soon(int error) {
    return error == EAGAIN || error == ETOOMANYREFS || error == EINTR;
}

}  // namespace

bool send_control(int control, const Control& message, Deadline until, int descriptor) {
    std::array<std::byte, kControlSizeMax> bytes;
    iovec part{bytes.data(), encode(message, bytes)};
    if (part.iov_len == 0) {
        errno = EMSGSIZE;
        return false;
    }
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    Rights rights;
    if (descriptor >= 0) rights.attach(header, descriptor);
    while (::sendmsg(control, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (!may_have_room_soon(errno) || std::chrono::steady_clock::now() >= until) return false;
        pause_for(std::chrono::milliseconds(2));
    }
    return true;
}

ControlRead receive_control(int control, std::chrono::milliseconds wait,
                            const std::function<void(const Control&)>& receiver) {
    pollfd readable{control, POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(wait.count())) <= 0) return ControlRead::nothing;
    std::array<std::byte, kControlSizeMax> bytes;
    const ssize_t size = ::recv(control, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? ControlRead::nothing : ControlRead::gone;
    if (size == 0) return ControlRead::gone;
    Control message;
    if (decode(std::span(bytes).first(static_cast<std::size_t>(size)), message)) receiver(message);
    return ControlRead::message;
}

}  // namespace finwait
