// SPDX-License-Identifier: Apache-2.0
//
// What the status page is made from, without a closer.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "closer/drain/record_keeper.hpp"
#include "closer/status/collect.hpp"

namespace finwait::test {

struct WithSources : testing::Test {
    ControlChannel control{UniqueFd()};
    std::unique_ptr<CloserCounters> counters = std::make_unique<CloserCounters>();
    HeldSockets held;
    Notices notices{control};
    History history;
    Logs logs{-1, 0, notices};
    VhostTotals totals{-1};
    std::unique_ptr<RemedyTable> table = std::make_unique<RemedyTable>();
    Remedies remedies{*table, 0, *counters, notices};
    RecordKeeper records{*counters, 0, logs, {}, totals, remedies};
    StatusSources sources{*counters, held, records.ledger(), notices, history, remedies};
    Moment now{std::chrono::seconds(1000), std::chrono::seconds(1'700'000'000)};
};

}  // namespace finwait::test
