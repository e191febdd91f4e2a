// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/tcp_socket.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

namespace finwait {

namespace {

constexpr std::uint32_t kLinger2MaxS = 120;
constexpr unsigned kProbesMax = 3;

bool set_tcp_option(int socket, int option, unsigned value) {
    return ::setsockopt(socket, IPPROTO_TCP, option, &value, sizeof value) == 0;
}

std::optional<int> tcp_option(int socket, int option) {
    int value = 0;
    socklen_t size = sizeof value;
    if (::getsockopt(socket, IPPROTO_TCP, option, &value, &size) != 0) return std::nullopt;
    return value;
}

void set_linger(int socket, const linger& how) {
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &how, sizeof how);
}

Endpoint endpoint_told_by(int (*ask)(int, sockaddr*, socklen_t*), int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (ask(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    return endpoint_from(reinterpret_cast<const sockaddr*>(&address));
}

// 0: close() in FIN_WAIT_2 sends RST (-1).
bool set_linger2(int socket, std::uint32_t ms) {
    const int seconds =
        ms == 0 ? -1 : static_cast<int>(std::min((ms - 1) / 1000 + 1, kLinger2MaxS));
    return set_tcp_option(socket, TCP_LINGER2, static_cast<unsigned>(seconds));
}

// By its number, because the sanitizers' wrapper of recv() believes that the buffer was written.
ssize_t receive_and_forget(int socket, std::size_t bytes_max) {
    return ::syscall(SYS_recvfrom, socket, nullptr, bytes_max, MSG_TRUNC | MSG_DONTWAIT, nullptr,
                     nullptr);
}

// A kernel that does not know MSG_TRUNC for TCP (before 2.4, or an emulation) wants a buffer.
ssize_t receive_into_scratch(int socket, std::size_t bytes_max) {
    std::array<std::byte, std::size_t{16} * 1024> scratch;
    return ::recv(socket, scratch.data(), std::min(bytes_max, scratch.size()), MSG_DONTWAIT);
}

}  // namespace

bool apply_policy(int socket, const Policy& policy) {
    // Any of these options fails on what is not TCP, so that a separate question (SO_PROTOCOL) is
    // needed only if none is set.
    bool is_tcp = false;
    if (policy.wait_timeout_ms != Policy::kWaitKernel) {
        if (!set_linger2(socket, policy.wait_timeout_ms)) return false;
        is_tcp = true;
    }
    if (policy.ack_timeout_ms != Policy::kAckKernel) {
        if (!set_tcp_option(socket, TCP_USER_TIMEOUT, policy.ack_timeout_ms)) return false;
        is_tcp = true;
    }
    return is_tcp || tcp_option(socket, TCP_USER_TIMEOUT).has_value();
}

std::uint32_t wait_timeout_ms(int socket, const Policy& policy) {
    if (policy.wait_timeout_ms != Policy::kWaitKernel) return policy.wait_timeout_ms;
    const auto seconds = tcp_option(socket, TCP_LINGER2);
    return seconds && *seconds > 0 ? static_cast<std::uint32_t>(*seconds) * 1000 : 0;
}

void forget_after_close(int socket) {
    set_linger2(socket, 1);
}

void set_probes(int socket, std::chrono::seconds silence) {
    const int on = 1;
    set_tcp_option(socket, TCP_USER_TIMEOUT, 0);
    set_tcp_option(socket, TCP_KEEPINTVL, 1);
    set_tcp_option(socket, TCP_KEEPCNT, kProbesMax);
    set_probe_silence(socket, silence);
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

void set_probe_silence(int socket, std::chrono::seconds silence) {
    set_tcp_option(socket, TCP_KEEPIDLE, static_cast<unsigned>(silence.count()));
}

Incoming discard(int socket, std::size_t bytes_max) {
    ssize_t result = receive_and_forget(socket, bytes_max);
    if (result < 0 && (errno == EINVAL || errno == EFAULT))
        result = receive_into_scratch(socket, bytes_max);
    if (result >= 0) return {static_cast<std::size_t>(result), 0};
    return {0, errno == EINTR || errno == EWOULDBLOCK ? EAGAIN : errno};
}

void half_close(int socket) {
    ::shutdown(socket, SHUT_WR);
}

Endpoint peer_of(int socket) {
    return endpoint_told_by(::getpeername, socket);
}

Endpoint local_of(int socket) {
    return endpoint_told_by(::getsockname, socket);
}

void return_at_close(int socket) {
    set_linger(socket, {0, 0});
}

void reset_at_close(int socket) {
    set_linger(socket, {1, 0});
}

}  // namespace finwait
