// SPDX-License-Identifier: Apache-2.0
//
// Decides from the evidence whether a client gets a remedy, which, and on which networks. Pure.
#pragma once

#include <functional>
#include <vector>

#include "closer/remedy/evidence.hpp"
#include "finwait/auto_rule.hpp"

namespace finwait {

// One moment is no verdict: a client is judged so long after its first close at the earliest.
inline constexpr Time kJudgeAfter = std::chrono::seconds(5);
// Whoever wants all of a client punished must have so many networks.
inline constexpr std::size_t kSpreadNetworks = 3;
// A network is guilty by itself with closes_min / kNetworkPart closes or more.
inline constexpr std::uint32_t kNetworkPart = 10;

struct Sentence {
    Network network = Network::none;  // none: all of the client
    Remedy remedy = Remedy::none;
    SeenCloses seen;
};

// Of one network, or with Network::none of all of the client: half of the share is enough for it.
using IsOnTrial = std::function<bool(Network)>;

// Empty: not guilty.
[[nodiscard]] std::vector<Sentence> judge(const Evidence& evidence, const AutoRule& rule,
                                          const IsOnTrial& is_on_trial);

}  // namespace finwait
