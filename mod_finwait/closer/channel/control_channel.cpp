// SPDX-License-Identifier: Apache-2.0
#include "closer/channel/control_channel.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "closer/channel/channel_receiver.hpp"

namespace finwait {

ControlChannel::Received ControlChannel::receive(Control& control, UniqueFd& descriptor) {
    if (!control_) return Received::ended;
    constexpr std::size_t kRoom = CMSG_SPACE(kDescriptorsPerMessageMin * sizeof(int));
    alignas(cmsghdr) std::array<std::byte, kRoom> rights;
    iovec payload{bytes_.data(), bytes_.size()};
    msghdr header{};
    header.msg_iov = &payload;
    header.msg_iovlen = 1;
    header.msg_control = rights.data();
    header.msg_controllen = rights.size();
    constexpr int kFlags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
    ssize_t size = ::recvmsg(control_.get(), &header, kFlags);
    // The parent has closed its end without reading our notices; what it sent before is still here.
    if (size < 0 && errno == ECONNRESET) size = ::recvmsg(control_.get(), &header, kFlags);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return Received::nothing;
    if (size <= 0) {
        control_.reset();
        return Received::ended;
    }
    UniqueFd passed;
    std::vector<UniqueFd> others;
    const std::size_t descriptors = take_descriptors(header, passed, others);
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return Received::refused;
    if (!decode(std::span(bytes_).first(static_cast<std::size_t>(size)), control))
        return Received::refused;
    if (descriptors != (control.kind == ControlKind::log_open ? 1U : 0U)) return Received::refused;
    descriptor = std::move(passed);
    return Received::message;
}

bool ControlChannel::send(const Control& control) const {
    if (!control_) return false;
    std::array<std::byte, kControlSizeMax> bytes;
    const std::size_t size = encode(control, bytes);
    if (size == 0) return false;
    return ::send(control_.get(), bytes.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

}  // namespace finwait
