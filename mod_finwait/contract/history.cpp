// SPDX-License-Identifier: Apache-2.0
#include "finwait/history.hpp"

#include <algorithm>

namespace finwait {

namespace {

std::uint64_t step_of(std::chrono::nanoseconds now) {
    return static_cast<std::uint64_t>(now / kHistoryStep) + 1;
}

// Of kHistoryPoints that end with `newest`.
std::uint64_t oldest_step(std::uint64_t first, std::uint64_t newest) {
    return std::max(first, newest > kHistoryPoints ? newest - kHistoryPoints + 1 : 1);
}

std::size_t place_of(std::uint64_t step) {
    return static_cast<std::size_t>(step % kHistoryPoints);
}

}  // namespace

bool History::would_change(HistoryPoint next, std::chrono::nanoseconds now) const {
    return first_step == 0 || next != value || step_of(now) != newest_step;
}

void History::note(HistoryPoint next, std::chrono::nanoseconds now) {
    const std::uint64_t step = step_of(now);
    if (first_step == 0) {
        first_step = newest_step = step;
        ring[place_of(step)] = next;
    }
    for (std::uint64_t i = std::max(newest_step + 1, oldest_step(first_step, step)); i <= step; ++i)
        ring[place_of(i)] = value;
    newest_step = step;
    value = next;
    HistoryPoint& most = ring[place_of(step)];
    if (next.all() > most.all()) most = next;
}

std::vector<HistoryPoint> History::points(std::chrono::nanoseconds now, bool has_ended) const {
    std::vector<HistoryPoint> result;
    const std::uint64_t last = step_of(now);
    if (first_step == 0 || first_step > last) return result;
    for (std::uint64_t i = oldest_step(first_step, last); i <= last; ++i) {
        const bool is_known = i <= newest_step && newest_step - i < kHistoryPoints;
        if (is_known)
            result.push_back(ring[place_of(i)]);
        else
            result.push_back(has_ended ? HistoryPoint() : value);
    }
    return result;
}

}  // namespace finwait
