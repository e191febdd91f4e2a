// SPDX-License-Identifier: Apache-2.0
//
// What the closer asks the kernel about sockets it no longer has (sock_diag(7)). An interface,
// because most of what can go wrong there (an interrupted walk, a full buffer, a refusal) cannot be
// provoked in a test. Nothing here blocks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "closer/moment.hpp"
#include "finwait/endpoint.hpp"
#include "finwait/words.hpp"

namespace finwait {

struct SocketId {
    Endpoint local;
    Endpoint peer;
    std::uint64_t cookie = 0;
    std::uint32_t interface = 0;  // that the socket is bound to (link-local, VRF); 0: none
};

// inet_diag's numbers (net/ipv4/inet_diag.c, inet_sk_diag_fill() and inet_twsk_diag_fill()).
enum class KernelTimer : std::uint8_t { none, retransmit, keepalive, time_wait, window_probe };

struct DiagSocket {
    SocketId id;
    TcpState state = TcpState::unknown;
    KernelTimer timer = KernelTimer::none;
    Time timer_left{};
    bool has_owner = false;  // a process has a descriptor of it
};

enum class SweepStep : std::uint8_t {
    more,         // read again
    complete,     // every socket was shown
    interrupted,  // complete, but the kernel says that something may be missing
    no_buffer,    // replies were lost: grow_buffer(), begin again
    failed,       // last_error() says why
};

class SockDiag {
  public:
    virtual ~SockDiag() = default;

    // An errno, 0 on success. Called once before everything else.
    [[nodiscard]] virtual int open() = 0;

    // Begins a walk over all TCP sockets in FIN_WAIT_1, FIN_WAIT_2 or CLOSING of both families, as
    // far as possible only those with one of these local ports; a walk that is still going on is
    // given up. An errno, 0 on success.
    [[nodiscard]] virtual int begin_sweep(std::span<const std::uint16_t> ports) = 0;

    // Appends what one buffer of replies says; the kernel fills the next one meanwhile.
    [[nodiscard]] virtual SweepStep read_sweep(std::vector<DiagSocket>& seen) = 0;

    // False when the buffer is as large as it may become.
    [[nodiscard]] virtual bool grow_buffer() = 0;

    // The socket between these endpoints, in whatever state, which may be another than `id` names
    // (see its cookie) or a listener. 0, ENOENT if there is none, or another errno.
    [[nodiscard]] virtual int look_up(const SocketId& id, DiagSocket& found) = 0;

    [[nodiscard]] virtual int last_error() const = 0;
};

}  // namespace finwait
