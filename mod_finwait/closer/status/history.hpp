// SPDX-License-Identifier: Apache-2.0
//
// Sockets in FIN_WAIT_2 over the last hour, in steps of kStep: the most at any one time in each
// step. It is told after every turn; between turns nothing changes, so a closer that sleeps need
// not wake up for it. Fixed size.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "closer/moment.hpp"

namespace finwait {

class History {
  public:
    static constexpr std::size_t kPoints = 240;
    static constexpr Time kStep = std::chrono::seconds(15);

    struct Point {
        std::uint32_t draining = 0;
        std::uint32_t waiting = 0;

        [[nodiscard]] std::uint64_t all() const { return std::uint64_t{draining} + waiting; }
        bool operator==(const Point&) const = default;
    };

    // The number as it is from now on. Precondition: `now` does not go back.
    void note(Point value, Time now);

    // Oldest first; the last is the present step. Fewer than kPoints in the first hour, none before
    // the first note().
    [[nodiscard]] std::vector<Point> points(Time now) const;

  private:
    [[nodiscard]] static std::int64_t step_of(Time now) { return now / kStep; }
    [[nodiscard]] std::int64_t oldest_step(std::int64_t newest) const;
    [[nodiscard]] static std::size_t place_of(std::int64_t step);

    std::array<Point, kPoints> ring_{};
    std::int64_t first_step_ = -1;
    std::int64_t newest_step_ = -1;
    Point value_;  // the last one noted
};

}  // namespace finwait
