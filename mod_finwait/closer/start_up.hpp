// SPDX-License-Identifier: Apache-2.0
//
// What happens before the closer's first turn: arguments, limits, signals, and the descriptors that
// httpd's parent gave. What it gives up then is in sandbox/.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "closer/sandbox/sandbox.hpp"
#include "closer/unique_fd.hpp"
#include "finwait/counters.hpp"

namespace finwait {

struct Arguments {
    std::size_t slot = 0;
    std::optional<Identity> identity;  // whom to become; given if the parent is root
    std::string chroot_dir;            // ChrootDir; may be empty
    // In place of kConfigurationWithin; httpd never gives it, a test does.
    std::optional<std::chrono::milliseconds> configuration_within;
    std::string error;  // a sentence; empty if the arguments are good
};

[[nodiscard]] Arguments parse_arguments(int argc, char* const* argv);

// Closes every descriptor from `first` on. False if some may be left.
[[nodiscard]] bool close_from(int first);

// The soft limit of descriptors after raising it as far as it goes. Precondition: before root is
// given up, because only root may raise the hard limit.
[[nodiscard]] std::uint64_t raise_descriptor_limit();

// At full load the closer must not wait behind every worker for its turn, or the channel fills
// while it does. Needs root; without it the usual priority will do.
void raise_priority();

// Ignores what is meant for httpd and returns a descriptor that is readable after SIGTERM.
[[nodiscard]] UniqueFd prepare_signals();

// The counters that all closers share; nullptr if the descriptor is not a page of them.
[[nodiscard]] CloserCounters* map_counters(int descriptor);

}  // namespace finwait
