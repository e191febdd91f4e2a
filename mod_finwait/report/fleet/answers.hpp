// SPDX-License-Identifier: Apache-2.0
//
// Lines of the engine's answers, as values. Nothing where a line is not what was asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "report/analysis/summed.hpp"

namespace finwait::report {

[[nodiscard]] std::optional<Summed> parse_summed(std::string_view line);

// Of a row, or of all closes: an address, and how many closes of it got stuck.
struct StuckAddress {
    Summed row;        // only which one it is
    std::string name;  // by family: the row's
    std::string address;
    std::uint64_t stuck = 0;
};
[[nodiscard]] std::optional<StuckAddress> parse_stuck_address(std::string_view line);

}  // namespace finwait::report
