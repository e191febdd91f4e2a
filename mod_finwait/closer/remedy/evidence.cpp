// SPDX-License-Identifier: Apache-2.0
#include "closer/remedy/evidence.hpp"

#include <algorithm>

#include "finwait/remedy.hpp"

namespace finwait {

std::optional<SeenCloses> evidence_of(const Close& close) {
    if (close.remedy != Remedy::none || close.requests == 0 || close.is_of_proxy())
        return std::nullopt;
    if (close.is_stuck()) return SeenCloses{1, 1, is_preventable(close) ? 1U : 0U, close.requests};
    const bool ended_it = close.drain == Drain::fin || close.drain == Drain::reset ||
                          (close.drain == Drain::none &&
                           (close.outcome == Outcome::client_first ||
                            close.outcome == Outcome::fin || close.outcome == Outcome::reset));
    if (!ended_it) return std::nullopt;
    return SeenCloses{1, 0, 0, close.requests};
}

void NetworkList::add(Network network, const SeenCloses& close) {
    entry_of(network).seen += close;
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

void Evidence::add(Network network, const SeenCloses& close, Time now) {
    begun_ = std::min(begun_, now);
    all_ += close;
    networks_.add(network, close);
    if (close.stuck > 0) stuck_.add(network, close);
}

}  // namespace finwait
