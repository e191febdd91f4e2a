// SPDX-License-Identifier: Apache-2.0
#include "module/status/candidates.hpp"

#include <algorithm>
#include <utility>

#include "module/status/view.hpp"

namespace finwait {

void merge(std::vector<Candidate>& candidates) {
    std::ranges::sort(candidates, {}, &Candidate::hash);
    std::vector<Candidate> merged;
    for (const Candidate& one : candidates) {
        if (merged.empty() || merged.back().hash != one.hash) {
            merged.push_back(one);
            continue;
        }
        Candidate& same = merged.back();
        same.socket_seconds += one.socket_seconds;
        same.closes += one.closes;
        same.stuck += one.stuck;
        same.fin_wait_2 += one.fin_wait_2;
        for (std::size_t slot = 0; slot < kCloserSlots; ++slot)
            if (one.entries[slot] != nullptr) same.entries[slot] = one.entries[slot];
    }
    candidates = std::move(merged);
}

void rank(std::vector<Candidate>& candidates) {
    const auto costs_more = [](const Candidate& a, const Candidate& b) {
        return std::pair(a.socket_seconds, a.closes) > std::pair(b.socket_seconds, b.closes);
    };
    const auto shown = [&](std::size_t count) {
        return candidates.begin() + static_cast<std::ptrdiff_t>(std::min(candidates.size(), count));
    };
    const auto dear = shown(kRankedByTime);
    const auto holders = shown(kRankedByTime + kRankedByNow);
    std::ranges::partial_sort(candidates.begin(), dear, candidates.end(), costs_more);
    std::ranges::partial_sort(dear, holders, candidates.end(), std::ranges::greater(),
                              &Candidate::fin_wait_2);
    std::ranges::partial_sort(holders, std::max(holders, shown(kAccountsShownMax)),
                              candidates.end(), costs_more);
}

std::uint64_t count_culprits(const std::vector<Candidate>& candidates) {
    Share usual;  // as in report/analysis/judge.cpp: many culprits hide nobody
    for (const Candidate& one : candidates)
        if (!is_notable(one.stuck_share())) usual += one.stuck_share();
    return static_cast<std::uint64_t>(std::ranges::count_if(candidates, [&](const Candidate& one) {
        return one.closes >= kSampleMin && is_notable(one.stuck_share()) &&
               is_worse(one.stuck_share(), usual, kSampleMin);
    }));
}

}  // namespace finwait
