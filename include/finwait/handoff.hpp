// SPDX-License-Identifier: Apache-2.0
//
// What httpd tells the closer about one close: with the socket, by SCM_RIGHTS, or that it has ended
// already. One message is one SEQPACKET datagram. Typical messages are kept under
// 192 bytes on purpose: with the kernel's 320-byte skb_shared_info they then cost 512 bytes of
// channel buffer and not 1,024 (net/core/skbuff.c), so twice as many fit.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "finwait/close.hpp"
#include "finwait/words.hpp"

namespace finwait {

inline constexpr std::uint8_t kHandoffVersion = 5;

inline constexpr std::size_t kHandoffSizeMax = 1024;  // bytes of any encoded message
static_assert(kUserAgentMax + kVhostMax + kClientAddressMax + 128 < kHandoffSizeMax);

inline constexpr std::chrono::milliseconds kTimeoutMax = std::chrono::hours(1);  // in a Policy

// What one virtual host allows at close. Plain values; the sender has already chosen between the
// full and the short drain timeout.
struct Policy {
    static constexpr std::uint64_t kUnlimited = UINT64_MAX;
    static constexpr std::uint32_t kWaitKernel = UINT32_MAX;  // net.ipv4.tcp_fin_timeout
    static constexpr std::uint32_t kAckKernel = 0;            // leave TCP_USER_TIMEOUT alone

    std::uint32_t drain_timeout_ms = 30'000;
    std::uint32_t drain_idle_timeout_ms = 5'000;
    std::uint64_t drain_limit_bytes = kUnlimited;
    std::uint32_t wait_timeout_ms = 15'000;  // after the drain; 0: RST in FIN_WAIT_2
    std::uint32_t ack_timeout_ms = kAckKernel;
    Method method = Method::drain;

    bool operator==(const Policy&) const = default;
};

// An `ended` close left nothing to drain: it comes without a socket, and its outcome is known.
enum class MessageKind : std::uint8_t { handoff = 1, ended = 2 };

struct Handoff {
    MessageKind kind = MessageKind::handoff;
    Close close;  // what the child knows of it; its texts as close.hpp says
    std::chrono::nanoseconds half_close{};  // CLOCK_MONOTONIC, the same for every process
    Policy policy;
};

// Returns the number of bytes written to `out`, 0 if it does not fit or a text is over its maximum.
[[nodiscard]] std::size_t encode(const Handoff& handoff, std::span<std::byte> out);

enum class DecodeError : std::uint8_t { none, truncated, wrong_version, bad_value, trailing_bytes };

[[nodiscard]] std::string_view describe(DecodeError error);

// Accepts exactly what encode() produces: every enum and length is checked, nothing may follow.
// On error `handoff` is unspecified.
[[nodiscard]] DecodeError decode(std::span<const std::byte> bytes, Handoff& handoff);

}  // namespace finwait
