// SPDX-License-Identifier: Apache-2.0
//
// The keys of the log's lines, once, for the writers and the parsers.
#pragma once

#include <string>
#include <string_view>

#include "finwait/histogram.hpp"

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
inline constexpr std::string_view kProbe = "finwait.probe";
inline constexpr std::string_view kRequests = "finwait.requests";
inline constexpr std::string_view kDrainMs = "finwait.drain_ms";
inline constexpr std::string_view kDrainedBytes = "finwait.drained_bytes";
inline constexpr std::string_view kFinWait2Ms = "finwait.fin_wait_2_ms";
inline constexpr std::string_view kSocketCookie = "finwait.socket_cookie";
inline constexpr std::string_view kRttUs = "finwait.tcp.rtt_us";
inline constexpr std::string_view kUnacked = "finwait.tcp.unacked";
inline constexpr std::string_view kRetransmits = "finwait.tcp.retransmits";
inline constexpr std::string_view kMpm = "finwait.mpm";
inline constexpr std::string_view kRemedy = "finwait.remedy";
inline constexpr std::string_view kShared = "finwait.shared";
inline constexpr std::string_view kVia = "finwait.via";
inline constexpr std::string_view kDropped = "finwait.dropped";

inline constexpr std::string_view kCloseEvent = "finwait.close";
inline constexpr std::string_view kDroppedEvent = "finwait.dropped";
inline constexpr std::string_view kTallyEvent = "finwait.tally";

inline constexpr std::string_view kTallySince = "finwait.tally.since";
inline constexpr std::string_view kTallyCloses = "finwait.tally.closes";
inline constexpr std::string_view kTallyStuck = "finwait.tally.stuck";
inline constexpr std::string_view kTallyPreventable = "finwait.tally.preventable";  // not if 0
inline constexpr std::string_view kTallyRequests = "finwait.tally.requests";
inline constexpr std::string_view kTallyDrainedBytes = "finwait.tally.drained_bytes";
inline constexpr std::string_view kTallyFinWait2Ms = "finwait.tally.fin_wait_2_ms";
inline constexpr std::string_view kTallyAddresses = "finwait.tally.addresses";
// Of closes under a remedy; left out where 0.
inline constexpr std::string_view kTallyRemediedCloses = "finwait.tally.remedied.closes";
inline constexpr std::string_view kTallyRemediedStuck = "finwait.tally.remedied.stuck";
inline constexpr std::string_view kTallyRemediedFinWait2Ms = "finwait.tally.remedied.fin_wait_2_ms";
// Each is followed by a word's name, or by the bucket's bound in ms.
inline constexpr std::string_view kTallyOutcome = "finwait.tally.outcome.";
inline constexpr std::string_view kTallyCause = "finwait.tally.cause.";
inline constexpr std::string_view kTallyDrain = "finwait.tally.drain.";
inline constexpr std::string_view kTallyBucket = "finwait.tally.fin_wait_2_bucket.";

inline std::string tally_key(std::string_view prefix, std::string_view name) {
    return std::string(prefix) += name;
}
inline std::string bucket_key(std::size_t bucket) {
    return tally_key(kTallyBucket, bucket < kFinWait2BoundsMs.size()
                                       ? std::to_string(kFinWait2BoundsMs[bucket])
                                       : "inf");
}

}  // namespace finwait::key
