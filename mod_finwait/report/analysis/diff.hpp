// SPDX-License-Identifier: Apache-2.0
//
// What changed between two reports of the same kind.
#pragma once

#include <string>
#include <vector>

#include "report/analysis/report.hpp"

namespace finwait::report {

enum class Change : std::uint8_t { worse, is_new, better, gone, same };

inline constexpr std::array kChanges{
    Word{Change::worse, "worse", "more of its closes get stuck than before"},
    Word{Change::is_new, "new", "not seen before"},
    Word{Change::better, "better", "fewer of its closes get stuck than before"},
    Word{Change::gone, "gone", "not seen any more"},
    Word{Change::same, "same", "no difference that is not chance"},
};

struct DiffRow {
    std::string name;
    Change change = Change::same;
    Row before;  // without closes if it was not there
    Row after;

    // A change that matters: who came or went without a stuck close does not.
    [[nodiscard]] bool is_news() const {
        return change != Change::same && before.tally.stuck + after.tally.stuck > 0;
    }
};

struct Diff {
    std::string before_name, after_name;
    Report before, after;
    std::vector<DiffRow> rows;  // worst news first, then by cost
};

[[nodiscard]] Diff compare(Report before, Report after);

}  // namespace finwait::report

namespace finwait {
template <>
inline constexpr auto kWordsOf<report::Change> = report::kChanges;
static_assert(table_is_in_enum_order<report::Change>());
}  // namespace finwait
