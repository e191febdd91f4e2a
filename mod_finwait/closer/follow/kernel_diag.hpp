// SPDX-License-Identifier: Apache-2.0
//
// SockDiag as Linux answers it. Needs no privilege: any user may list the sockets of his network
// namespace. One netlink socket for look-ups, one of its own for each sweep: whatever goes wrong in
// a sweep, the next one begins clean.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "closer/follow/sock_diag.hpp"

struct mnl_socket;
struct nlmsghdr;

namespace finwait {

// The kernel fills at most 32 KiB per read (net/netlink/af_netlink.c, netlink_recvmsg()).
inline constexpr std::size_t kDiagReplyMax = std::size_t{32} * 1024;
inline constexpr int kSweepBufferMin = 256 * 1024;  // SO_RCVBUF
inline constexpr int kSweepBufferMax = 8 * 1024 * 1024;
// Above this the kernel's filter costs more than it saves, and we look at the ports ourselves.
inline constexpr std::size_t kFilteredPortsMax = 16;

class KernelDiag : public SockDiag {
  public:
    [[nodiscard]] int open() override;
    [[nodiscard]] int begin_sweep(std::span<const std::uint16_t> ports) override;
    [[nodiscard]] SweepStep read_sweep(std::vector<DiagSocket>& seen) override;
    [[nodiscard]] bool grow_buffer() override;
    [[nodiscard]] int look_up(const SocketId& id, DiagSocket& found) override;
    [[nodiscard]] int last_error() const override { return error_; }

  private:
    struct CloseSocket {
        void operator()(mnl_socket* socket) const;
    };
    using Socket = std::unique_ptr<mnl_socket, CloseSocket>;

    [[nodiscard]] Socket connect();
    [[nodiscard]] int send_sweep(std::uint32_t states, std::span<const std::uint16_t> ports);
    [[nodiscard]] SweepStep take(const nlmsghdr& message, std::vector<DiagSocket>& seen);
    [[nodiscard]] SweepStep end_sweep(SweepStep how, int error = 0);

    Socket look_ups_;
    Socket sweep_;
    std::uint32_t sequence_ = 0;  // of the last request
    std::uint32_t sweep_sequence_ = 0;
    int sweep_buffer_ = kSweepBufferMin;
    int error_ = 0;
    bool was_interrupted_ = false;
    bool can_filter_ = true;  // Linux 4.16 and later
    alignas(8) std::array<char, kDiagReplyMax> reply_{};
};

}  // namespace finwait
