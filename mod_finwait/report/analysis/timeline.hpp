// SPDX-License-Identifier: Apache-2.0
//
// Closes over time, in at most kPointsMax steps of equal length: when there are more, the steps
// become twice as long.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

namespace finwait::report {

class Timeline {
  public:
    struct Point {
        std::uint64_t closes = 0;
        std::uint64_t stuck = 0;
    };
    using Points = std::map<std::int64_t, Point>;  // by number of the step

    void add(std::chrono::milliseconds time, const Point& point) {
        Point& at = points_[time / step_];
        at.closes += point.closes;
        at.stuck += point.stuck;
        while (points_.size() > kPointsMax) double_step();
    }

    [[nodiscard]] const Points& points() const { return points_; }
    [[nodiscard]] std::chrono::milliseconds step() const { return step_; }

  private:
    static constexpr std::size_t kPointsMax = 400;

    void double_step() {
        Points before;
        before.swap(points_);
        step_ *= 2;
        for (const auto& [number, point] : before) add(number * (step_ / 2), point);
    }

    Points points_;
    std::chrono::milliseconds step_ = std::chrono::minutes(1);
};

}  // namespace finwait::report
