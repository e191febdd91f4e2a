// SPDX-License-Identifier: Apache-2.0
//
// Asks a fleet's engine in place of reading logs.
#pragma once

#include "report/analysis/collector.hpp"
#include "report/input/clickhouse.hpp"

namespace finwait::report {

struct FleetWish {
    const Filter& filter;
    Dimension by;
    std::uint64_t sample_min;
    bool wants_times;  // closes over time
};

// `collector` must be as the wish says, and new. What went wrong stands in reading.unreadable; then
// the collector is of no use.
void read_fleet(const Engine& engine, const FleetWish& wish, Collector& collector,
                Reading& reading);

// Each Record of a socket's cookie.
void read_fleet_records(const Engine& engine, std::uint64_t cookie, Sink& sink, Reading& reading);

}  // namespace finwait::report
