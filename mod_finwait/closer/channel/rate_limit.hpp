// SPDX-License-Identifier: Apache-2.0
//
// Lets the first events through at once, as many as a burst has, and then at most as many per
// interval.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "closer/moment.hpp"

namespace finwait {

class RateLimit {
  public:
    explicit RateLimit(Time interval, unsigned burst = 1) : interval_(interval), burst_(burst) {}

    // How many events were held back since the last one admitted; nothing if this one is, too.
    [[nodiscard]] std::optional<std::uint64_t> admit(Time now) {
        if (now >= next_) {
            next_ = now + interval_;
            left_ = burst_;
        }
        if (left_ == 0) {
            ++held_back_;
            return std::nullopt;
        }
        --left_;
        return std::exchange(held_back_, 0);
    }

  private:
    Time interval_;
    unsigned burst_;
    unsigned left_ = 0;
    Time next_ = Time::min();
    std::uint64_t held_back_ = 0;
};

}  // namespace finwait
