// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace finwait {

// One descriptor as ancillary data (unix(7), SCM_RIGHTS). Must outlive the sendmsg() it is attached
// to; the descriptor stays the caller's.
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

}  // namespace finwait
