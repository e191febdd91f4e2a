// SPDX-License-Identifier: Apache-2.0
//
// The closer's lines for httpd's error log. They travel to the parent by the control channel,
// because an inherited stderr points to the old file after log rotation. Each kind has its own rate
// limit, so that no kind of trouble can hide another; what the parent does not take is counted. The
// last kNoticesKept are kept for the status page.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>

#include "closer/channel/control_channel.hpp"
#include "closer/channel/rate_limit.hpp"

namespace finwait {

inline constexpr Time kNoticeInterval = std::chrono::seconds(10);
// Each change of a remedy is told, unless there are more than so many in one interval.
inline constexpr unsigned kRemedyBurst = 50;
inline constexpr std::size_t kNoticesKept = 20;

enum class NoticeKind : std::uint8_t {
    lost,
    bad_message,
    bad_control,
    shed,
    log_dropped,
    log_failed,
    log_unknown,
    remedy,
    count_of_kinds,
};

struct KeptNotice {
    Time at{};
    NoticeLevel level = NoticeLevel::notice;
    std::string text;
};

class Notices {
  public:
    explicit Notices(const ControlChannel& control) : control_(control) {}

    void tell(NoticeKind kind, NoticeLevel level, std::string text, Time now);

    [[nodiscard]] std::uint64_t unsent() const { return unsent_; }
    [[nodiscard]] const std::deque<KeptNotice>& kept() const { return kept_; }  // latest first

  private:
    static constexpr auto kKinds = static_cast<std::size_t>(NoticeKind::count_of_kinds);

    static constexpr unsigned burst_of(NoticeKind kind) {
        return kind == NoticeKind::remedy ? kRemedyBurst : 1;
    }
    template <std::size_t... Is>
    static std::array<RateLimit, kKinds> limits(std::index_sequence<Is...>) {
        return {RateLimit(kNoticeInterval, burst_of(static_cast<NoticeKind>(Is)))...};
    }

    const ControlChannel& control_;
    std::array<RateLimit, kKinds> limits_ = limits(std::make_index_sequence<kKinds>());
    std::uint64_t unsent_ = 0;
    std::deque<KeptNotice> kept_;
};

}  // namespace finwait
