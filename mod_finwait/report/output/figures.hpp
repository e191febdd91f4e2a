// SPDX-License-Identifier: Apache-2.0
//
// Figures of a report as people read them, the same in every output.
#pragma once

#include <cstdint>
#include <string>

#include "report/analysis/report.hpp"

namespace finwait::report {

[[nodiscard]] std::string percent_text(double share);             // 96 %, 5.2 %, < 0.1 %
[[nodiscard]] std::string interval_text(const Interval& shares);  // 93–98, in percent
[[nodiscard]] std::string bound_text(std::uint32_t ms);           // 5 s, > 2 min
[[nodiscard]] std::string at_most_text(std::uint32_t ms);         // ≤ 5 s, > 2 min
[[nodiscard]] std::string count_text(std::uint64_t number, std::size_t width_max);  // 15,000, 1.2 M
[[nodiscard]] std::string counted(std::uint64_t number, const char* one, const char* many);
[[nodiscard]] std::string addresses_text(const Row& row);  // 12, ≥ 12
[[nodiscard]] std::string time_range_text(const Report& report);

// "Python Requests 2.28": the name and the versions, of which the former may have one already.
[[nodiscard]] std::string title_of(const Row& row);

// Before and after FinWaitAuto: "on remedy 0 % of 900 stuck, 2.7 s; without 100 % of 40, 11 min",
// in socket-seconds, or empty.
[[nodiscard]] std::string remedy_text(const Row& row);

// What one should know of a row beside its figures: "python-requests/2.28.1; 93 % from ...".
[[nodiscard]] std::string remark_on(const Row& row, std::uint64_t sample_min);

}  // namespace finwait::report
