// SPDX-License-Identifier: Apache-2.0
//
// Lets the first event through at once and then at most one per interval.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "closer/moment.hpp"

namespace finwait {

class RateLimit {
  public:
    explicit RateLimit(Time interval) : interval_(interval) {}

    // How many events were held back since the last one admitted; nothing if this one is, too.
    [[nodiscard]] std::optional<std::uint64_t> admit(Time now) {
        if (now < next_) {
            ++held_back_;
            return std::nullopt;
        }
        next_ = now + interval_;
        return std::exchange(held_back_, 0);
    }

  private:
    Time interval_;
    Time next_ = Time::min();
    std::uint64_t held_back_ = 0;
};

}  // namespace finwait
