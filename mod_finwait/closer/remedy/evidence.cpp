// SPDX-License-Identifier: Apache-2.0
#include "closer/remedy/evidence.hpp"

#include <algorithm>

namespace finwait {

std::optional<bool> evidence_of(const Close& close) {
    if (close.remedy != Remedy::none || close.requests == 0) return std::nullopt;
    if (close.is_stuck()) return true;
    const bool ended_it = close.drain == Drain::fin || close.drain == Drain::reset ||
                          (close.drain == Drain::none &&
                           (close.outcome == Outcome::client_first ||
                            close.outcome == Outcome::fin || close.outcome == Outcome::reset));
    return ended_it ? std::optional(false) : std::nullopt;
}

void NetworkList::add(Network network, bool is_stuck, std::uint32_t requests) {
    entry_of(network).seen.add(is_stuck, requests);
}

NetworkEvidence& NetworkList::entry_of(Network network) {
    const auto kept = std::span(kept_).first(size_);
    const auto found = std::ranges::find(kept, network, &NetworkEvidence::network);
    if (found != kept.end()) return *found;
    if (size_ < kept_.size()) {
        kept_[size_].network = network;
        return kept_[size_++];
    }
    NetworkEvidence& least = *std::ranges::min_element(kept_, {}, &NetworkEvidence::closes_at_most);
    least = {network, {}, static_cast<std::uint32_t>(least.closes_at_most())};
    return least;
}

void Evidence::add(Network network, bool is_stuck, std::uint32_t requests, Time now) {
    begun_ = std::min(begun_, now);
    all_.add(is_stuck, requests);
    networks_.add(network, is_stuck, requests);
    if (is_stuck) stuck_.add(network, is_stuck, requests);
}

}  // namespace finwait
