// SPDX-License-Identifier: Apache-2.0
//
// The closer's end of the control channel. Only httpd's parent, which started the closer, holds the
// other end. Nothing here blocks: what the parent does not read in time is not sent.
#pragma once

#include <array>
#include <cstddef>

#include "closer/unique_fd.hpp"
#include "finwait/control.hpp"

namespace finwait {

class ControlChannel {
  public:
    enum class Received : std::uint8_t { message, nothing, refused, ended };

    explicit ControlChannel(UniqueFd control) : control_(std::move(control)) {}

    // The next message, with its descriptor if it had one; a text in it is valid until the next
    // receive(). After `ended` the channel is closed.
    [[nodiscard]] Received receive(Control& control, UniqueFd& descriptor);

    // False if the parent is gone or does not read.
    [[nodiscard]] bool send(const Control& control) const;

    [[nodiscard]] bool is_open() const { return static_cast<bool>(control_); }
    [[nodiscard]] int descriptor() const { return control_.get(); }

  private:
    UniqueFd control_;
    std::array<std::byte, kControlSizeMax> bytes_{};
};

}  // namespace finwait
