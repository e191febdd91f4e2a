// SPDX-License-Identifier: Apache-2.0
#include "closer/channel/channel_receiver.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

namespace finwait {

namespace {

// Why the message cannot be used; "" if it can.
std::string_view judge(const msghdr& header, std::span<const std::byte> payload,
                       std::size_t descriptors, Handoff& handoff) {
    if ((header.msg_flags & MSG_TRUNC) != 0) return "it is longer than any message";
    if ((header.msg_flags & MSG_CTRUNC) != 0) return "it came with too many descriptors";
    if (const DecodeError error = decode(payload, handoff); error != DecodeError::none)
        return describe(error);
    const std::size_t expected = handoff.kind == MessageKind::handoff ? 1 : 0;
    if (descriptors == expected) return {};
    return expected == 0      ? "it has ended, and came with a descriptor"
           : descriptors == 0 ? "a Handoff without a descriptor"
                              : "a Handoff with several descriptors";
}

void take(msghdr& header, std::span<const std::byte> payload, ReceivedMessage& message) {
    const std::size_t descriptors = take_descriptors(header, message.socket, message.others);
    message.refused = judge(header, payload, descriptors, message.handoff);
}

// A message of no bytes looks like the end of the channel; only the socket's state tells.
bool has_ended(int lane) {
    pollfd state{lane, 0, 0};
    if (::poll(&state, 1, 0) <= 0 || (state.revents & POLLHUP) == 0) return false;
    int queued_bytes = 0;
    return ::ioctl(lane, SIOCINQ, &queued_bytes) == 0 && queued_bytes == 0;
}

}  // namespace

std::size_t take_descriptors(msghdr& header, UniqueFd& first, std::vector<UniqueFd>& others) {
    std::size_t taken = 0;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
         part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            if (taken++ == 0)
                first.reset(fd);
            else
                others.emplace_back(fd);
        }
    }
    return taken;
}

ChannelReceiver::ChannelReceiver(std::vector<UniqueFd> lanes, std::size_t descriptors_per_message)
    : lanes_(std::move(lanes)), descriptors_per_message_(descriptors_per_message) {
    assert(descriptors_per_message <= kDescriptorsPerMessageMax);
    for (std::size_t i = 0; i < kReceiveBatch; ++i)
        payloads_[i] = {bytes_[i].data(), bytes_[i].size()};
}

int ChannelReceiver::receive_batch(int lane) {
    for (std::size_t i = 0; i < kReceiveBatch; ++i) {
        msghdr& header = headers_[i].msg_hdr;
        header = {};
        header.msg_iov = &payloads_[i];
        header.msg_iovlen = 1;
        header.msg_control = controls_[i].bytes.data();
        header.msg_controllen = CMSG_SPACE(descriptors_per_message_ * sizeof(int));
    }
    const int flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
    int count = -1;
    do {
        count = ::recvmmsg(lane, headers_.data(), kReceiveBatch, flags, nullptr);
    } while (count < 0 && errno == EINTR);
    return count;
}

ReceivedBatch ChannelReceiver::receive(std::size_t lane) {
    const int result = receive_batch(descriptor(lane));
    // ENOBUFS, ENOMEM and ECONNRESET (a message to a sender was not read) pass.
    if (result <= 0) return {{}, false, result < 0 && (errno == ENOTCONN || errno == EBADF)};
    auto count = static_cast<std::size_t>(result);
    ReceivedBatch batch;
    batch.is_full = count == kReceiveBatch;
    // After the last message recvmmsg() fills the batch with ends, one like the other.
    if (headers_[count - 1].msg_len == 0 && has_ended(descriptor(lane))) {
        batch = {{}, false, true};
        while (count > 0 && headers_[count - 1].msg_len == 0) --count;
    }
    for (std::size_t i = 0; i < count; ++i) {
        messages_[i] = ReceivedMessage();
        const auto payload = std::span(bytes_[i]).first(headers_[i].msg_len);
        take(headers_[i].msg_hdr, payload, messages_[i]);
    }
    batch.messages = std::span(messages_).first(count);
    return batch;
}

}  // namespace finwait
