// SPDX-License-Identifier: Apache-2.0
//
// Sockets in FIN_WAIT_2 over the last hour, in steps of kHistoryStep: the most at any one time in
// each step. It is told after every turn; between turns nothing changes, so a closer that sleeps
// need not wake up for it. Fixed size, in the books.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace finwait {

struct HistoryPoint {
    std::uint32_t draining = 0;
    std::uint32_t waiting = 0;

    [[nodiscard]] std::uint64_t all() const { return std::uint64_t{draining} + waiting; }
    HistoryPoint& operator+=(const HistoryPoint& other) {
        draining += other.draining;
        waiting += other.waiting;
        return *this;
    }
    bool operator==(const HistoryPoint&) const = default;
};

inline constexpr std::size_t kHistoryPoints = 240;
inline constexpr std::chrono::nanoseconds kHistoryStep = std::chrono::seconds(15);

struct History {
    std::uint64_t first_step = 0;  // from 1; 0: there is none
    std::uint64_t newest_step = 0;
    HistoryPoint value;                               // the last one noted
    std::array<HistoryPoint, kHistoryPoints> ring{};  // by step, modulo its size

    // The number as it is from now on; `now` is of CLOCK_MONOTONIC. False if nothing changed.
    [[nodiscard]] bool would_change(HistoryPoint next, std::chrono::nanoseconds now) const;
    void note(HistoryPoint next, std::chrono::nanoseconds now);

    // Oldest first; the last is the step of `now`. Fewer than kHistoryPoints in the first hour,
    // none before the first note(). What is later than the last note() is as that was, or nothing
    // if its writer has ended.
    [[nodiscard]] std::vector<HistoryPoint> points(std::chrono::nanoseconds now,
                                                   bool has_ended = false) const;
};

}  // namespace finwait
