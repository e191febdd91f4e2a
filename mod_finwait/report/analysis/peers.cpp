// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/peers.hpp"

#include <algorithm>
#include <vector>

namespace finwait::report {

void Peers::add(const HashedAddress& address, const Group& client, const Close& close) {
    const bool is_stuck = close.is_stuck();
    const auto found = is_stuck ? peers_.try_emplace(address).first : peers_.find(address);
    if (found == peers_.end()) return;
    Peer& peer = found->second;
    ++peer.closes;
    peer.stuck += is_stuck ? 1 : 0;
    const auto [entry, is_new] = peer.clients.try_emplace(&client);
    entry->second.tally.add(close);
    if (is_stuck) ++entry->second.stuck_causes[static_cast<std::size_t>(close.cause)];
    if (is_new && ++clients_ > kClientsMax) forget_the_light();
}

void Peers::add(const HashedAddress& address, const Group& client, const PeerClient& through) {
    Peer& peer = peers_[address];
    peer.closes += through.tally.closes;
    peer.stuck += through.tally.stuck;
    const auto [entry, is_new] = peer.clients.try_emplace(&client);
    entry->second.tally += through.tally;
    for (std::size_t i = 0; i < through.stuck_causes.size(); ++i)
        entry->second.stuck_causes[i] += through.stuck_causes[i];
    if (is_new && ++clients_ > kClientsMax) forget_the_light();
}

void Peers::forget(const HashedAddress& address) {
    const auto found = peers_.find(address);
    if (found == peers_.end()) return;
    clients_ -= found->second.clients.size();
    peers_.erase(found);
}

void Peers::forget_the_light() {
    std::vector<std::uint64_t> counts;
    for (const auto& [address, peer] : peers_) counts.push_back(peer.stuck);
    if (counts.size() < 2) return;
    const auto middle = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
    std::nth_element(counts.begin(), middle, counts.end());
    absl::erase_if(peers_, [&](const auto& entry) { return entry.second.stuck < *middle; });
    // Many alike: then any half.
    for (auto at = peers_.begin(); at != peers_.end() && peers_.size() > counts.size() / 2;)
        if (at->second.stuck == *middle)
            peers_.erase(at++);
        else
            ++at;
    clients_ = 0;
    for (const auto& [address, peer] : peers_) clients_ += peer.clients.size();
}

}  // namespace finwait::report
