// SPDX-License-Identifier: Apache-2.0
//
// The keys of a Record, once, for the writer and the parser.
#pragma once

#include <string_view>

namespace finwait::key {

inline constexpr std::string_view kTimestamp = "@timestamp";
inline constexpr std::string_view kEventName = "event.name";
inline constexpr std::string_view kPeerAddress = "network.peer.address";
inline constexpr std::string_view kPeerPort = "network.peer.port";
inline constexpr std::string_view kLocalAddress = "network.local.address";
inline constexpr std::string_view kLocalPort = "network.local.port";
inline constexpr std::string_view kClientAddress = "client.address";
inline constexpr std::string_view kServerAddress = "server.address";
inline constexpr std::string_view kUserAgent = "user_agent.original";
inline constexpr std::string_view kHttpVersion = "network.protocol.version";
inline constexpr std::string_view kTlsVersion = "tls.protocol.version";
inline constexpr std::string_view kState = "network.connection.state";
inline constexpr std::string_view kCause = "finwait.cause";
inline constexpr std::string_view kDrain = "finwait.drain";
inline constexpr std::string_view kOutcome = "finwait.outcome";
inline constexpr std::string_view kRequests = "finwait.requests";
inline constexpr std::string_view kDrainMs = "finwait.drain_ms";
inline constexpr std::string_view kDrainedBytes = "finwait.drained_bytes";
inline constexpr std::string_view kFinWait2Ms = "finwait.fin_wait_2_ms";
inline constexpr std::string_view kSocketCookie = "finwait.socket_cookie";
inline constexpr std::string_view kRttUs = "finwait.tcp.rtt_us";
inline constexpr std::string_view kUnacked = "finwait.tcp.unacked";
inline constexpr std::string_view kRetransmits = "finwait.tcp.retransmits";
inline constexpr std::string_view kMpm = "finwait.mpm";
inline constexpr std::string_view kDropped = "finwait.dropped";

inline constexpr std::string_view kCloseEvent = "finwait.close";
inline constexpr std::string_view kDroppedEvent = "finwait.dropped";

}  // namespace finwait::key
