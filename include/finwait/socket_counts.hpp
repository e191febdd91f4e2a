// SPDX-License-Identifier: Apache-2.0
//
// Sockets in the closing states, which are all that a close can be in. A value.
#pragma once

#include <cstdint>

#include "finwait/words.hpp"

namespace finwait {

struct SocketCounts {
    std::uint64_t fin_wait_1 = 0;
    std::uint64_t fin_wait_2 = 0;
    std::uint64_t closing = 0;

    void add(TcpState state) {
        fin_wait_1 += state == TcpState::fin_wait_1 ? 1 : 0;
        fin_wait_2 += state == TcpState::fin_wait_2 ? 1 : 0;
        closing += state == TcpState::closing ? 1 : 0;
    }

    [[nodiscard]] std::uint64_t all() const { return fin_wait_1 + fin_wait_2 + closing; }
    SocketCounts& operator+=(const SocketCounts& other) {
        fin_wait_1 += other.fin_wait_1;
        fin_wait_2 += other.fin_wait_2;
        closing += other.closing;
        return *this;
    }
    bool operator==(const SocketCounts&) const = default;
};

}  // namespace finwait
