// SPDX-License-Identifier: Apache-2.0
//
// The receiving ends of the channel. Takes a bounded batch of messages with one system call and
// judges each by its form: what does not look like a Handoff with its socket, or `ended` without
// one, is refused. Children of httpd run as the server's user, so nothing that arrives is trusted.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "closer/unique_fd.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

inline constexpr std::size_t kReceiveBatch = 64;
// Extra descriptors are received, because they may be a client's sockets, and because those that do
// not fit are closed by the kernel in the thread that receives (MSG_CTRUNC), which may wait for
// them. All that a message can carry (SCM_MAX_FD) fit where there is room for them in every message
// of a batch.
inline constexpr std::size_t kDescriptorsPerMessageMin = 4;
inline constexpr std::size_t kDescriptorsPerMessageMax = 253;

inline constexpr std::size_t descriptors_per_message(std::uint64_t descriptor_limit) {
    return descriptor_limit / 8 >= kReceiveBatch * kDescriptorsPerMessageMax
               ? kDescriptorsPerMessageMax
               : kDescriptorsPerMessageMin;
}

struct ReceivedMessage {
    Handoff handoff;               // its texts are valid until the next receive()
    UniqueFd socket;               // the first descriptor that came with it
    std::vector<UniqueFd> others;  // a message that has any is refused
    std::string_view refused;      // why; empty if the message is good
};

struct ReceivedBatch {
    std::span<ReceivedMessage> messages;
    bool is_full = false;    // there may be more
    bool has_ended = false;  // every sender is gone and nothing is queued
};

class ChannelReceiver {
  public:
    ChannelReceiver(std::vector<UniqueFd> lanes, std::size_t descriptors_per_message);
    ChannelReceiver(const ChannelReceiver&) = delete;
    ChannelReceiver& operator=(const ChannelReceiver&) = delete;

    // Never blocks. Messages of the batch before are gone, with every socket not moved out of them.
    [[nodiscard]] ReceivedBatch receive(std::size_t lane);

    [[nodiscard]] std::size_t lanes() const { return lanes_.size(); }
    [[nodiscard]] int descriptor(std::size_t lane) const { return lanes_[lane].get(); }

  private:
    struct alignas(cmsghdr) ControlBuffer {
        std::array<std::byte, CMSG_SPACE(kDescriptorsPerMessageMax * sizeof(int))> bytes;
    };

    [[nodiscard]] int receive_batch(int lane);

    std::vector<UniqueFd> lanes_;
    std::size_t descriptors_per_message_;
    std::array<mmsghdr, kReceiveBatch> headers_{};
    std::array<iovec, kReceiveBatch> payloads_{};
    std::array<ControlBuffer, kReceiveBatch> controls_{};
    std::array<std::array<std::byte, kHandoffSizeMax>, kReceiveBatch> bytes_{};
    std::array<ReceivedMessage, kReceiveBatch> messages_{};
};

// The descriptors of one received message, each with its owner. Returns how many there are.
std::size_t take_descriptors(msghdr& header, UniqueFd& first, std::vector<UniqueFd>& others);

}  // namespace finwait
