// SPDX-License-Identifier: Apache-2.0
//
// Who is to blame. A client is a culprit if we can be sure (95 %) that more than kNotable of its
// closes get stuck, and more than kTimesOthers as many as of the clients of whom we cannot.
#pragma once

#include <vector>

#include "report/analysis/report.hpp"

namespace finwait::report {

// So many clients leave sockets stuck behind a proxy, and nowhere else, before it is the proxy.
inline constexpr std::size_t kWitnesses = 2;

// The peers that left sockets stuck, and not the clients that came through them.
using PeersToBlame = std::vector<const Peers::ByAddress::value_type*>;
[[nodiscard]] PeersToBlame peers_to_blame(const Peers& peers, std::uint64_t sample_min);

// Sets each row's judgement; returns the share of those that are not culprits.
Share judge(std::vector<Row>& rows, std::uint64_t sample_min);

}  // namespace finwait::report
