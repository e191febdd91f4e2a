// SPDX-License-Identifier: Apache-2.0
#include "closer/remedy/evidence.hpp"

#include <algorithm>

namespace finwait {

std::optional<bool> evidence_of(const TalliedClose& close) {
    if (close.remedy != Remedy::none || close.requests == 0) return std::nullopt;
    if (close.is_stuck) return true;
    const bool ended_it = close.drain == Drain::fin || close.drain == Drain::reset ||
                          (close.drain == Drain::none &&
                           (close.outcome == Outcome::client_first ||
                            close.outcome == Outcome::fin || close.outcome == Outcome::reset));
    return ended_it ? std::optional(false) : std::nullopt;
}

void Evidence::add(Network network, bool is_stuck, std::uint32_t requests, Time now) {
    begun_ = std::min(begun_, now);
    all_.add(is_stuck, requests);
    entry_of(network).seen.add(is_stuck, requests);
}

NetworkEvidence& Evidence::entry_of(Network network) {
    const auto kept = std::span(networks_).first(network_count_);
    const auto found = std::ranges::find(kept, network, &NetworkEvidence::network);
    if (found != kept.end()) return *found;
    if (network_count_ < networks_.size()) {
        networks_[network_count_].network = network;
        return networks_[network_count_++];
    }
    NetworkEvidence& least =
        *std::ranges::min_element(networks_, {}, &NetworkEvidence::closes_at_most);
    least = {network, {}, least.closes_at_most()};
    return least;
}

}  // namespace finwait
