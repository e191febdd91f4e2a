// SPDX-License-Identifier: Apache-2.0
#include "closer/status/history.hpp"

#include <algorithm>

namespace finwait {

std::size_t History::place_of(std::int64_t step) {
    return static_cast<std::size_t>(step) % kPoints;
}

std::int64_t History::oldest_step(std::int64_t newest) const {
    return std::max(first_step_, newest - static_cast<std::int64_t>(kPoints) + 1);
}

void History::note(Point value, Time now) {
    const std::int64_t step = step_of(now);
    if (first_step_ < 0) {
        first_step_ = newest_step_ = step;
        ring_[place_of(step)] = value;
    }
    for (std::int64_t i = std::max(newest_step_ + 1, oldest_step(step)); i <= step; ++i)
        ring_[place_of(i)] = value_;
    newest_step_ = step;
    value_ = value;
    Point& most = ring_[place_of(step)];
    if (value.all() > most.all()) most = value;
}

std::vector<History::Point> History::points(Time now) const {
    std::vector<Point> result;
    if (first_step_ < 0) return result;
    const std::int64_t newest = std::max(step_of(now), newest_step_);
    for (std::int64_t i = oldest_step(newest); i <= newest; ++i)
        result.push_back(i <= newest_step_ ? ring_[place_of(i)] : value_);
    return result;
}

}  // namespace finwait
