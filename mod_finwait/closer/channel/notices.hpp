// SPDX-License-Identifier: Apache-2.0
//
// The closer's lines for httpd's error log. They travel to the parent by the control channel,
// because an inherited stderr points to the old file after log rotation. Each kind has its own rate
// limit, so that no kind of trouble can hide another; what the parent does not take is counted. The
// last ones stand in the books.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "closer/channel/control_channel.hpp"
#include "closer/channel/rate_limit.hpp"
#include "finwait/books.hpp"
#include "finwait/confinement.hpp"

namespace finwait {

inline constexpr Time kNoticeInterval = std::chrono::seconds(10);
// Each change of a remedy is told, unless there are more than so many in one interval.
inline constexpr unsigned kRemedyBurst = 50;

enum class NoticeKind : std::uint8_t {
    lost,
    bad_message,
    bad_control,
    stray,
    shed,
    log_dropped,
    log_failed,
    log_unknown,
    remedy,
    confinement,
    refused_call,
    count_of_kinds,
};

class Notices {
  public:
    explicit Notices(const ControlChannel& control, Part<BookedNotices>* books = nullptr)
        : control_(control), books_(books) {}

    void tell(NoticeKind kind, NoticeLevel level, std::string text, Time now);

    [[nodiscard]] std::uint64_t unsent() const { return unsent_; }

  private:
    static constexpr auto kKinds = static_cast<std::size_t>(NoticeKind::count_of_kinds);

    static constexpr unsigned burst_of(NoticeKind kind) {
        if (kind == NoticeKind::confinement) return kRestrictions.size();  // each is told once
        return kind == NoticeKind::remedy ? kRemedyBurst : 1;
    }
    template <std::size_t... Is>
    static std::array<RateLimit, kKinds> limits(std::index_sequence<Is...>) {
        return {RateLimit(kNoticeInterval, burst_of(static_cast<NoticeKind>(Is)))...};
    }

    void book(NoticeLevel level, std::string_view text, Time now);

    const ControlChannel& control_;
    Part<BookedNotices>* books_;
    std::array<RateLimit, kKinds> limits_ = limits(std::make_index_sequence<kKinds>());
    std::uint64_t unsent_ = 0;
};

}  // namespace finwait
