// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "presentation/text.hpp"
#include "report/output/diff.hpp"
#include "report/output/figures.hpp"
#include "report/output/markdown.hpp"
#include "report/output/terminal_text.hpp"

namespace finwait::report {

namespace {

constexpr std::size_t kNamedMax = 3;
constexpr std::size_t kRowsUnasked = 15;

std::string_view name_text(const DiffRow& row) {
    return row.name.empty() ? kNoUserAgent : std::string_view(row.name);
}

std::string share_text(const Row& row) {
    return row.tally.closes == 0 ? "–" : percent_text(row.stuck().value());
}

std::string change_text(const DiffRow& row) {
    return clipped(name_text(row), 80) + " (" + share_text(row.before) + " → " +
           share_text(row.after) + ")";
}

std::string changes_text(const Diff& diff, Change change, const std::string& word) {
    std::string names;
    std::size_t count = 0;
    for (const DiffRow& row : diff.rows) {
        if (row.change != change || !row.is_news()) continue;
        if (count++ < kNamedMax) names += (names.empty() ? "" : ", ") + change_text(row);
    }
    if (count == 0) return "";
    if (count > kNamedMax) names += " and " + std::to_string(count - kNamedMax) + " more";
    return word + ": " + names + ". ";
}

// How many sockets were in FIN_WAIT_2 at a time, on average: so that periods of different length
// can be compared. Less than a minute is taken for one.
std::string held_text(const Report& report, const Row& row) {
    if (row.tally.closes == 0 || !report.first || !report.last) return "–";
    const double seconds =
        std::max(60.0, std::chrono::duration<double>(*report.last - *report.first).count());
    const double held = row.socket_seconds() / seconds;
    if (held >= 9.95) return count_text(static_cast<std::uint64_t>(held + 0.5), 6);
    const auto tenths = static_cast<std::uint64_t>(held * 10 + 0.5);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string totals_text(const std::string& mark, const std::string& name, const Report& report) {
    return mark + " " + name + ": " + grouped(report.all.tally.closes) + " closes, " +
           percent_text(report.all.stuck().value()) + " stuck" +
           (report.first ? ", " + time_range_text(report) : std::string());
}

std::string line_of(const Diff& diff, const DiffRow& row) {
    return left(terminal_text(name_text(row)), 22) +
           left("  " + std::string(name_of(row.change)), 9) +
           right(count_text(row.before.tally.closes, 7), 8) +
           right(count_text(row.after.tally.closes, 7), 8) + right(share_text(row.before), 8) +
           right(share_text(row.after), 8) + right(held_text(diff.before, row.before), 10) +
           right(held_text(diff.after, row.after), 7);
}

std::string markdown_line(const Diff& diff, const DiffRow& row) {
    std::string line = "|";
    for (const std::string& cell :
         {markdown_text(name_text(row)), std::string(name_of(row.change)),
          grouped(row.before.tally.closes), grouped(row.after.tally.closes), share_text(row.before),
          share_text(row.after), held_text(diff.before, row.before),
          held_text(diff.after, row.after)})
        line += " " + cell + " |";
    return line + "\n";
}

std::string more_text(const Diff& diff, std::size_t shown) {
    if (shown >= diff.rows.size()) return "";
    return "and " + grouped(diff.rows.size() - shown) + " more: --top N\n";
}

}  // namespace

std::string verdict_of(const Diff& diff) {
    std::string sentence =
        changes_text(diff, Change::worse, "Worse") + changes_text(diff, Change::is_new, "New") +
        changes_text(diff, Change::better, "Better") + changes_text(diff, Change::gone, "Gone");
    if (sentence.empty()) return "Nothing changed that is not chance.";
    sentence.pop_back();
    return sentence;
}

std::string render_diff_table(const Diff& diff, const Screen& screen,
                              std::optional<std::size_t> top) {
    std::string text = wrapped(terminal_text(verdict_of(diff)), screen.columns) + "\n\n";
    text +=
        wrapped(terminal_text(totals_text("A", diff.before_name, diff.before)), screen.columns) +
        "\n" +
        wrapped(terminal_text(totals_text("B", diff.after_name, diff.after)), screen.columns) +
        "\n\n";
    text += left(kDimensions[static_cast<std::size_t>(diff.after.by)].meaning, 22) + "  change " +
            right("closes A", 8) + right("B", 8) + right("stuck A", 8) + right("B", 8) +
            right("sockets A", 10) + right("B", 7) + "\n";
    const std::size_t shown = std::min(diff.rows.size(), top.value_or(kRowsUnasked));
    for (std::size_t i = 0; i < shown; ++i) text += line_of(diff, diff.rows[i]) + "\n";
    return text + more_text(diff, shown);
}

std::string render_diff_markdown(const Diff& diff, std::optional<std::size_t> top) {
    std::string text =
        markdown_text(verdict_of(diff)) + "\n\n- " +
        markdown_text(totals_text("A", diff.before_name, diff.before)) + "\n- " +
        markdown_text(totals_text("B", diff.after_name, diff.after)) + "\n\n| " +
        std::string(kDimensions[static_cast<std::size_t>(diff.after.by)].meaning) +
        " | change | closes A | closes B | stuck A | stuck B | sockets A | sockets B |\n"
        "|:--|:--|--:|--:|--:|--:|--:|--:|\n";
    const std::size_t shown = std::min(diff.rows.size(), top.value_or(kRowsUnasked));
    for (std::size_t i = 0; i < shown; ++i) text += markdown_line(diff, diff.rows[i]);
    const std::string more = more_text(diff, shown);
    return text + (more.empty() ? "" : "\n" + more);
}

}  // namespace finwait::report
