// SPDX-License-Identifier: Apache-2.0
#include "report/output/markdown.hpp"

#include <algorithm>

#include "presentation/text.hpp"
#include "report/output/figures.hpp"
#include "report/output/table.hpp"
#include "report/output/terminal_text.hpp"
#include "report/output/verdict.hpp"

namespace finwait::report {

namespace {

constexpr std::size_t kRowsUnasked = 20;

std::string line_of(const Report& report, const Row& row) {
    std::string name = markdown_text(title_of(row));
    if (row.judgement == Judgement::culprit) name = "**" + name + "**";
    const std::string remark = remark_on(row, report.sample_min);
    if (!remark.empty()) name += "<br>" + markdown_text(remark);
    std::string line = "|";
    for (const std::string& cell :
         {name, grouped(row.tally.closes), grouped(row.tally.stuck),
          percent_text(row.stuck().value()) + " (" + interval_text(row.stuck().interval()) + ")",
          at_most_text(row.quantile_ms(0.5)), at_most_text(row.quantile_ms(0.99)),
          addresses_text(row), percent_text(report.cost_share(row))})
        line += " " + cell + " |";
    return line + "\n";
}

}  // namespace

std::string markdown_text(std::string_view text) {
    std::string safe;
    for (const char c : terminal_text(text)) {
        // A dot or a colon would make a link of an address, a dash at the beginning a list.
        const bool is_mark = std::string_view("\\`*_[]#.|~:@$").find(c) != std::string_view::npos ||
                             (safe.empty() && (c == '-' || c == '+'));
        if (c == '<')
            safe += "&lt;";
        else if (c == '>')
            safe += "&gt;";
        else if (c == '&')
            safe += "&amp;";
        else
            safe.append(is_mark ? "\\" : "").append(1, c);
        // A tracker looks for people and tickets in what the escapes leave.
        if (c == '@' || c == '#') safe += "<!-- -->";
    }
    return safe;
}

std::string render_markdown(const Report& report, std::optional<std::size_t> top) {
    std::string text = markdown_text(verdict_of(report)) + "\n\n";
    text += grouped(report.all.tally.closes) + " closes, " + time_range_text(report) + "; " +
            grouped(report.all.tally.stuck) + " got stuck; " +
            seconds_text(report.all.socket_seconds()) + " of socket time in FIN\\_WAIT\\_2.\n";
    for (const std::string& problem : problems_of(report))
        text += "\n" + markdown_text(problem) + "\n";
    text += "\n| " + std::string(kDimensions[static_cast<std::size_t>(report.by)].meaning) +
            " | closes | stuck | share (95 %) | p50 | p99 | addresses | cost |\n"
            "|:--|--:|--:|--:|--:|--:|--:|--:|\n";
    const std::size_t shown = std::min(report.rows.size(), top.value_or(kRowsUnasked));
    for (std::size_t i = 0; i < shown; ++i) text += line_of(report, report.rows[i]);
    if (shown < report.rows.size())
        text += "\nand " + grouped(report.rows.size() - shown) + " more\n";
    return text;
}

}  // namespace finwait::report
