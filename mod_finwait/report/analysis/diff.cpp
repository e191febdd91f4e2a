// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/diff.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace finwait::report {

namespace {

// Newcombe's interval for the difference of two shares (1998, method 10), made of their Wilson
// intervals; the difference is real if 0 is not in it.
Change change_of(const Share& before, const Share& after) {
    const Interval old_one = before.interval(), new_one = after.interval();
    const double difference = after.value() - before.value();
    const double below = std::hypot(after.value() - new_one.low, old_one.high - before.value());
    const double above = std::hypot(new_one.high - after.value(), before.value() - old_one.low);
    if (difference - below > 0) return Change::worse;
    if (difference + above < 0) return Change::better;
    return Change::same;
}

Change change_of(const DiffRow& row, std::uint64_t sample_min) {
    if (row.before.tally.closes == 0) return Change::is_new;
    if (row.after.tally.closes == 0) return Change::gone;
    // Of a thousand rare clients some differ by chance, however sure we want to be of each.
    if (std::min(row.before.tally.closes, row.after.tally.closes) < sample_min) return Change::same;
    return change_of(row.before.stuck(), row.after.stuck());
}

bool comes_before(const DiffRow& a, const DiffRow& b) {
    if (a.is_news() != b.is_news()) return a.is_news();
    if (a.is_news() && a.change != b.change) return a.change < b.change;
    const auto cost = [](const DiffRow& row) {
        return std::max(row.before.tally.fin_wait_2_ns, row.after.tally.fin_wait_2_ns);
    };
    return cost(a) != cost(b) ? cost(a) > cost(b) : a.name < b.name;
}

}  // namespace

Diff compare(Report before, Report after) {
    std::map<std::string, DiffRow> by_name;
    for (const Row& row : before.rows) by_name[row.name].before = row;
    for (const Row& row : after.rows) by_name[row.name].after = row;
    Diff diff;
    for (auto& [name, row] : by_name) {
        row.name = name;
        row.change = change_of(row, after.sample_min);
        diff.rows.push_back(std::move(row));
    }
    std::sort(diff.rows.begin(), diff.rows.end(), comes_before);
    diff.before = std::move(before);
    diff.after = std::move(after);
    return diff;
}

}  // namespace finwait::report
