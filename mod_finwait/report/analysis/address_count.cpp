// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/address_count.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "finwait/siphash.hpp"

namespace finwait::report {

// A known key, so that one log gives one estimate. Whoever owns addresses enough to make them
// collide can make himself look like fewer, and nothing else.
HashedAddress::HashedAddress(const Address& of)
    : address(of), hash(sip_hash({0, 0}, std::as_bytes(std::span(of)))) {}

void AddressCount::add(const HashedAddress& address, std::uint64_t stuck) {
    if (sketch_) sketch_->add(address.hash);
    if (sketch_ && stuck == 0) return;
    stuck_of_[address] += stuck;
    if (stuck_of_.size() > (sketch_ ? 2 : 1) * kExactMax) forget_the_light();
}

void AddressCount::forget_the_light() {
    if (!sketch_) {
        sketch_ = std::make_unique<Sketch>();
        for (const auto& [address, stuck] : stuck_of_) sketch_->add(address.hash);
    }
    std::vector<std::uint64_t> counts;
    for (const auto& [address, stuck] : stuck_of_) counts.push_back(stuck);
    const auto middle = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
    std::nth_element(counts.begin(), middle, counts.end());
    absl::erase_if(stuck_of_, [&](const auto& entry) { return entry.second <= *middle; });
}

void AddressCount::add_at_least(std::uint64_t addresses) {
    told_ = std::max(told_, addresses);
}

void AddressCount::add_counted(std::uint64_t addresses) {
    counted_ = std::max(counted_, addresses);
}

std::uint64_t AddressCount::count() const {
    const std::uint64_t seen = sketch_ ? sketch_->estimate() : stuck_of_.size();
    return std::max({seen, counted_, told_});
}

std::optional<AddressCount::Top> AddressCount::top() const {
    std::optional<Top> top;
    for (const auto& [address, stuck] : stuck_of_) {
        if (stuck == 0) continue;
        const Address& of = address.address;
        if (!top || stuck > top->stuck || (stuck == top->stuck && of < top->address))
            top = Top{of, stuck};
    }
    return top;
}

}  // namespace finwait::report
