// SPDX-License-Identifier: Apache-2.0
//
// The sending end of the channel to the closer. Plain descriptors, owned by the caller; never
// blocks; any thread. No httpd, no APR.
#pragma once

#include <optional>
#include <span>

#include "finwait/handoff.hpp"

namespace finwait {

// Sends `handoff`, with `socket` if it is one and without a descriptor if it is a Report, by the
// first of `lanes` that has room. Nothing on success. The message is whole or not sent at all
// (SEQPACKET).
[[nodiscard]] std::optional<Decline> send_message(std::span<const int> lanes,
                                                  const Handoff& handoff, int socket);

// True if the other end of a socket pair is closed.
[[nodiscard]] bool has_hung_up(int socket);

}  // namespace finwait
