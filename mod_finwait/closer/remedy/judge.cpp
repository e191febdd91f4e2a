// SPDX-License-Identifier: Apache-2.0
#include "closer/remedy/judge.hpp"

#include <algorithm>

#include "finwait/remedy.hpp"

namespace finwait {

namespace {

// Whole numbers only; on trial the share is doubled instead of the limit halved.
bool is_guilty(const SeenCloses& seen, const AutoRule& rule, bool on_trial) {
    const std::uint64_t share = std::uint64_t{seen.stuck} * 100 * (on_trial ? 2 : 1);
    return seen.stuck > 0 && share >= std::uint64_t{seen.closes} * rule.stuck_percent;
}

bool any_has_over_half(std::span<const NetworkEvidence> networks, std::uint64_t of) {
    return std::ranges::any_of(
        networks, [of](const NetworkEvidence& each) { return each.closes_at_most() * 2 > of; });
}

bool is_spread(const Evidence& evidence) {
    return evidence.stuck_networks().size() >= kSpreadNetworks &&
           !any_has_over_half(evidence.networks(), evidence.all().closes) &&
           !any_has_over_half(evidence.stuck_networks(), evidence.all().stuck);
}

}  // namespace

std::vector<Sentence> judge(const Evidence& evidence, const AutoRule& rule,
                            const IsOnTrial& is_on_trial) {
    const SeenCloses& all = evidence.all();
    const bool is_all_guilty = is_guilty(all, rule, is_on_trial(Network::none));
    if (is_all_guilty && is_spread(evidence))
        return {{Network::none, remedy_for(all, rule.requests), all}};
    std::vector<Sentence> sentences;
    for (const NetworkEvidence& each : evidence.networks()) {
        if (each.network == Network::none ||
            std::uint64_t{each.seen.closes} * kNetworkPart < rule.closes_min)
            continue;
        // One on trial answers for itself, however well the others behave.
        const bool on_trial = is_on_trial(each.network);
        if ((is_all_guilty || on_trial) && is_guilty(each.seen, rule, on_trial))
            sentences.push_back({each.network, remedy_for(each.seen, rule.requests), each.seen});
    }
    return sentences;
}

}  // namespace finwait
