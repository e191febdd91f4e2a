// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "presentation/text.hpp"
#include "report/output/csv.hpp"
#include "report/output/diff.hpp"

namespace finwait::report {

namespace {

constexpr const char* kHeader =
    "name,change,closes_a,stuck_a,stuck_share_a,stuck_low_a,stuck_high_a,socket_seconds_a,"
    "closes_b,stuck_b,stuck_share_b,stuck_low_b,stuck_high_b,socket_seconds_b";

std::string line_of(const DiffRow& row) {
    std::vector<std::string> fields{csv_field(row.name), std::string(name_of(row.change))};
    for (const Row* side : {&row.before, &row.after}) {
        const Interval interval = side->stuck().interval();
        fields.push_back(std::to_string(side->tally.closes));
        fields.push_back(std::to_string(side->tally.stuck));
        for (const double number : {side->stuck().value(), interval.low, interval.high}) {
            // Of no closes there is no share.
            fields.push_back(side->tally.closes == 0 ? "" : number_text(number));
        }
        fields.push_back(number_text(side->socket_seconds()));
    }
    return csv_line(fields);
}

}  // namespace

std::string render_diff_csv(const Diff& diff, std::optional<std::size_t> top) {
    std::string text = std::string(kHeader) + "\r\n";
    const std::size_t shown = std::min(diff.rows.size(), top.value_or(SIZE_MAX));
    for (std::size_t i = 0; i < shown; ++i) text += line_of(diff.rows[i]);
    return text;
}

}  // namespace finwait::report
