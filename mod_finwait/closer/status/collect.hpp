// SPDX-License-Identifier: Apache-2.0
//
// Fills a StatusView: one function per source, each only reads. The cost is one look at every held
// socket, and a few files of /proc.
#pragma once

#include "closer/channel/notices.hpp"
#include "closer/drain/held_sockets.hpp"
#include "closer/ledger/ledger.hpp"
#include "closer/remedy/remedies.hpp"
#include "closer/status/history.hpp"
#include "closer/status/view.hpp"
#include "finwait/counters.hpp"

namespace finwait {

// Where a closer's figures are. References to its own parts; valid for one turn.
struct StatusSources {
    const CloserCounters& counters;
    const HeldSockets& held;
    const Ledger& ledger;
    const Notices& notices;
    const History& history;
    const Remedies& remedies;
    std::size_t slot = 0;  // in the counters' gauges
    std::size_t held_max = 0;
    std::uint64_t descriptor_limit = 0;
    std::uint64_t unanswered_questions = 0;
    Time started{};
};

[[nodiscard]] StatusView collect(const StatusSources& sources, const Question& question,
                                 Moment now);

// What /proc says of the kernel's limits; for tests, another folder in its place.
[[nodiscard]] KernelView read_kernel(const std::string& proc = "/proc");

}  // namespace finwait
