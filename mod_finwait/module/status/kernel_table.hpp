// SPDX-License-Identifier: Apache-2.0
//
// One walk over the kernel's table (sock_diag(7)): every TCP socket of this network namespace in
// FIN_WAIT_1, FIN_WAIT_2 or CLOSING, whoever's it is, those without a process too. Any user may
// ask. Blocks while the kernel answers, some 0.3 us per socket; any thread. No httpd, no APR.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>

#include "finwait/endpoint.hpp"
#include "finwait/socket_counts.hpp"

namespace finwait {

struct KernelTable {
    // Different remote ends told apart; the rest is in `other_remotes`.
    static constexpr std::size_t kRemotesMax = 1024;

    int error = 0;          // errno: nothing below is known
    SocketCounts on_ports;  // without those that the kernel forgets within kGoing
    // On other ports, by the remote end: connections that somebody here has opened.
    std::map<Endpoint, SocketCounts> by_remote;
    SocketCounts other_remotes;
};

// A socket that the closer has closed at its end is the kernel's for a second more, and nobody's.
inline constexpr std::chrono::milliseconds kGoing{2000};

// How long the kernel may take to go on.
inline constexpr std::chrono::seconds kKernelWait{1};

[[nodiscard]] KernelTable read_kernel_table(std::span<const std::uint16_t> ports);

}  // namespace finwait
