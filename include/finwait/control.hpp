// SPDX-License-Identifier: Apache-2.0
//
// The control channel between httpd's parent and one closer: a SEQPACKET pair, one message per
// datagram. Only the parent holds the other end; children and CGI daemons never do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "finwait/auto_rule.hpp"
#include "finwait/confinement.hpp"

namespace finwait {

// `retire` is 1 and has no body in every version: a parent that has loaded a newer module must
// still be able to say it to an older closer.
enum class ControlKind : std::uint8_t {
    retire = 1,  // parent: serve the channel until all its senders are gone, drain, then exit
    setup = 2,   // parent: limits; after the logs, and the sign to begin serving; again at restart
    log_open = 3,   // parent, with one descriptor: open a log, or replace the descriptor of one
    log_close = 4,  // parent: write what is buffered for this log, then close it
    finish = 5,     // parent: accept what is queued, end every drain within grace_ms, then exit
    ready = 6,      // closer: privileges dropped, limits set, serving
    notice = 7,     // closer: a line for the error log
    auto_rule = 8,  // parent, before setup: one of the rules that closes may name from then on
};

inline constexpr std::size_t kControlSizeMax = 2048;
inline constexpr std::size_t kNoticeMax = 512;
// Different rules of FinWaitAuto in one configuration; closes under further ones are no evidence.
inline constexpr std::size_t kAutoRulesMax = 64;
inline constexpr std::uint32_t kGraceUnbounded = UINT32_MAX;

// The levels of httpd's LogLevel that the closer uses, by syslog's numbers (as httpd's).
enum class NoticeLevel : std::uint8_t { error = 3, warning = 4, notice = 5, info = 6 };

// Which closes a log gets a Record of; one of mode `stuck` gets tallies of the others.
enum class LogMode : std::uint8_t { all, stuck };

// One struct for all kinds; each kind uses the members named beside it.
struct Control {
    ControlKind kind = ControlKind::retire;
    std::uint32_t max_held = 0;               // setup; ready: the effective one
    std::uint32_t ledger_size = 1024;         // setup
    std::uint64_t descriptor_limit = 0;       // ready: RLIMIT_NOFILE after raising
    Confinement confinement;                  // ready
    AutoRule auto_rule;                       // auto_rule
    std::uint16_t log_id = 0;                 // log_open, log_close
    LogMode log_mode = LogMode::all;          // log_open
    std::uint32_t grace_ms = 0;               // finish; 0: now
    NoticeLevel level = NoticeLevel::notice;  // notice
    std::string_view text;                    // notice; log_open: the log's name
};

[[nodiscard]] std::size_t encode(const Control& control, std::span<std::byte> out);
[[nodiscard]] bool decode(std::span<const std::byte> bytes, Control& control);

// The channel is this many SEQPACKET pairs. A sender takes the first that has room, so on most days
// one carries everything. But without CAP_NET_ADMIN (an ordinary user, most containers) the kernel
// caps the send buffer of each pair at net.core.wmem_max, by default some 550 messages: together
// they last while the closer waits for a processor or a disk.
inline constexpr std::size_t kChannelLanes = 8;

// The descriptors the parent leaves open for a closer, by number, and nothing else.
inline constexpr int kControlFd = 3;         // the closer's end of the control channel
inline constexpr int kCloserCountersFd = 4;  // read-write
inline constexpr int kFirstLaneFd = 5;       // receiving ends of the channel's lanes, in order
inline constexpr int kBooksFd = kFirstLaneFd + static_cast<int>(kChannelLanes);  // may be missing
inline constexpr int kRemediesFd = kBooksFd + 1;    // read-write; may be missing
inline constexpr int kDepositFd = kRemediesFd + 1;  // its receiving end; may be missing
inline constexpr int kFirstForeignFd = kDepositFd + 1;

// A closer that cannot start (bad arguments, privileges, descriptors) exits with this status and is
// not restarted (sysexits.h: EX_CONFIG). Any other death is followed by a restart.
inline constexpr int kStartUpFailed = 78;

}  // namespace finwait
