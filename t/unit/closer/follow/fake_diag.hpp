// SPDX-License-Identifier: Apache-2.0
//
// A kernel whose sockets, walks and refusals are the test's.
#pragma once

#include <cerrno>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "closer/follow/sock_diag.hpp"

namespace finwait::test {

class FakeDiag : public SockDiag {
  public:
    int open() override { return open_error; }

    int begin_sweep(std::span<const std::uint16_t> ports) override {
        ++sweeps;
        asked_ports.assign(ports.begin(), ports.end());
        next_ = sockets.begin();
        return sweep_error;
    }

    // Sockets one by one, or what the test has put into `steps`.
    SweepStep read_sweep(std::vector<DiagSocket>& seen) override {
        ++reads;
        if (!steps.empty()) {
            const SweepStep step = steps.front();
            steps.pop_front();
            return step;
        }
        for (std::size_t i = 0; i < per_read; ++i) {
            if (next_ == sockets.end()) return SweepStep::complete;
            if (next_->second.state != TcpState::time_wait && !is_overlooked(next_->first))
                seen.push_back(next_->second);
            ++next_;
        }
        return SweepStep::more;
    }

    bool grow_buffer() override { return buffer_grows-- > 0; }

    int look_up(const SocketId& id, DiagSocket& found) override {
        ++look_ups;
        if (look_up_error != 0) return look_up_error;
        for (const auto& [cookie, socket] : sockets) {
            if (socket.id.peer != id.peer || socket.id.local != id.local) continue;
            found = socket;
            return 0;
        }
        return ENOENT;
    }

    int last_error() const override { return sweep_error; }

    bool is_overlooked(std::uint64_t cookie) const { return overlooked == cookie; }

    std::map<std::uint64_t, DiagSocket> sockets;  // by cookie
    std::deque<SweepStep> steps;
    std::vector<std::uint16_t> asked_ports;
    std::optional<std::uint64_t> overlooked;  // no sweep shows it
    std::size_t per_read = 1000;
    std::size_t sweeps = 0;
    std::size_t reads = 0;
    std::size_t look_ups = 0;
    int open_error = 0;
    int sweep_error = 0;
    int look_up_error = 0;
    int buffer_grows = 0;

  private:
    std::map<std::uint64_t, DiagSocket>::iterator next_ = sockets.end();
};

}  // namespace finwait::test
