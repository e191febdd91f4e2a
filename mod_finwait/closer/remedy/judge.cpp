// SPDX-License-Identifier: Apache-2.0
#include "closer/remedy/judge.hpp"

#include <algorithm>

namespace finwait {

namespace {

// Whole numbers only; on trial the share is doubled instead of the limit halved.
bool is_guilty(const SeenCloses& seen, const AutoRule& rule, bool on_trial) {
    return seen.stuck > 0 &&
           seen.stuck * 100 * (on_trial ? 2 : 1) >= seen.closes * rule.stuck_percent;
}

Remedy remedy_for(const SeenCloses& seen, const AutoRule& rule) {
    return seen.requests < seen.closes * rule.requests ? Remedy::nokeepalive : Remedy::cut_short;
}

// What was inherited may all have been this network's, and stuck.
bool is_spread(const Evidence& evidence) {
    const SeenCloses& all = evidence.all();
    std::size_t guilty = 0;
    for (const NetworkEvidence& each : evidence.networks()) {
        if (each.closes_at_most() * 2 > all.closes) return false;
        if ((each.seen.stuck + each.inherited) * 2 > all.stuck) return false;
        guilty += each.seen.stuck > 0 ? 1 : 0;
    }
    return guilty >= kSpreadNetworks;
}

}  // namespace

bool is_due(const Evidence& evidence, const AutoRule& rule, Time now) {
    return evidence.all().closes >= rule.closes_min && now - evidence.begun() >= kJudgeAfter;
}

std::vector<Sentence> judge(const Evidence& evidence, const AutoRule& rule, bool on_trial) {
    const SeenCloses& all = evidence.all();
    if (!is_guilty(all, rule, on_trial)) return {};
    if (is_spread(evidence)) return {{Network::none, remedy_for(all, rule), all}};
    std::vector<Sentence> sentences;
    for (const NetworkEvidence& each : evidence.networks())
        if (each.network != Network::none && each.seen.closes * kNetworkPart >= rule.closes_min &&
            is_guilty(each.seen, rule, on_trial))
            sentences.push_back({each.network, remedy_for(each.seen, rule), each.seen});
    return sentences;
}

}  // namespace finwait
