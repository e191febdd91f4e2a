// SPDX-License-Identifier: Apache-2.0
//
// A comparison, for people and for programs.
#pragma once

#include <optional>
#include <string>

#include "report/analysis/diff.hpp"
#include "report/output/table.hpp"

namespace finwait::report {

[[nodiscard]] std::string render_diff_table(const Diff& diff, const Screen& screen,
                                            std::optional<std::size_t> top);
[[nodiscard]] std::string render_diff_markdown(const Diff& diff, std::optional<std::size_t> top);
[[nodiscard]] std::string render_diff_csv(const Diff& diff, std::optional<std::size_t> top);
[[nodiscard]] std::string render_diff_json(const Diff& diff);

// What changed, in a sentence or two. May hold text that clients sent.
[[nodiscard]] std::string verdict_of(const Diff& diff);

}  // namespace finwait::report
