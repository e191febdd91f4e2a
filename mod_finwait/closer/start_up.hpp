// SPDX-License-Identifier: Apache-2.0
//
// What happens before the closer's first turn: arguments, limits, signals, privileges, and the
// descriptors that httpd's parent gave. Each step fails with one sentence for the administrator.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "closer/unique_fd.hpp"
#include "finwait/counters.hpp"

namespace finwait {

struct Identity {
    std::string user;
    uid_t uid = 0;
    gid_t gid = 0;
};

struct Arguments {
    std::size_t slot = 0;
    std::optional<Identity> identity;  // whom to become; given if the parent is root
    std::string error;                 // a sentence; empty if the arguments are good
};

[[nodiscard]] Arguments parse_arguments(int argc, char* const* argv);

// The soft limit of descriptors after raising it as far as it goes. Precondition: before
// become(), because only root may raise the hard limit.
[[nodiscard]] std::uint64_t raise_descriptor_limit();

// At full load the closer must not wait behind every worker for its turn, or the channel fills
// while it does. Needs root; without it the usual priority will do.
void raise_priority();

// Ignores what is meant for httpd and returns a descriptor that is readable after SIGTERM.
[[nodiscard]] UniqueFd prepare_signals();

// Gives up root for good. Empty on success.
[[nodiscard]] std::string become(const std::optional<Identity>& identity);

// The counters that all closers share; nullptr if the descriptor is not a page of them.
[[nodiscard]] CloserCounters* map_counters(int descriptor);

}  // namespace finwait
