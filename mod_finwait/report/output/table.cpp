// SPDX-License-Identifier: Apache-2.0
#include "report/output/table.hpp"

#include <algorithm>
#include <cmath>

#include "presentation/text.hpp"
#include "report/output/figures.hpp"
#include "report/output/terminal_text.hpp"
#include "report/output/verdict.hpp"

namespace finwait::report {

namespace {

constexpr std::size_t kNameColumns = 20;  // of 80; what a wider screen has more goes here
constexpr std::size_t kNameColumnsMax = 56;
constexpr std::size_t kBarColumns = 5;

enum class Colour : std::uint8_t { none, alarm, dim, bold };

class Table {
  public:
    Table(const Report& report, const Screen& screen)
        : report_(report),
          screen_(screen),
          name_columns_(std::min(kNameColumns + std::max<std::size_t>(screen.columns, 80) - 80,
                                 kNameColumnsMax)) {}

    std::string render(std::optional<std::size_t> top) {
        add_verdict();
        add_totals();
        for (const std::string& problem : problems_of(report_)) add(problem);
        if (!report_.rows.empty()) add_rows(top);
        return std::move(text_);
    }

  private:
    void add_line(const std::string& line, Colour colour = Colour::none) {
        text_ += coloured(line, colour) + "\n";
    }

    void add(const std::string& prose, Colour colour = Colour::none) {
        std::string lines = wrapped(terminal_text(prose), screen_.columns);
        add_line(lines, colour);
    }

    [[nodiscard]] std::string coloured(const std::string& text, Colour colour) const {
        if (!screen_.has_colour || colour == Colour::none) return text;
        const char* code = colour == Colour::alarm ? "\x1b[1;31m"
                           : colour == Colour::dim ? "\x1b[2m"
                                                   : "\x1b[1m";
        return code + text + "\x1b[0m";
    }

    void add_verdict() {
        add(verdict_of(report_), report_.culprits().empty() ? Colour::bold : Colour::alarm);
        add_line("");
    }

    void add_totals() {
        const Row& all = report_.all;
        if (all.tally.closes == 0) return;
        add(counted(all.tally.closes, "close", "closes") + ", " + time_range_text(report_) + "; " +
            grouped(all.tally.stuck) + " got stuck. " + seconds_text(all.socket_seconds()) +
            " of socket time in FIN_WAIT_2; " + counted(all.tally.requests, "request", "requests") +
            ", " + addresses_text(all) + (all.addresses == 1 ? " address, " : " addresses, ") +
            counted(report_.vhosts, "virtual host", "virtual hosts") + ".");
    }

    void add_rows(std::optional<std::size_t> top) {
        add_line("");
        add_line(header(), Colour::dim);
        const std::size_t used =
            static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '\n'));
        // Two more lines: the one that says what is left out, and the shell's prompt.
        const std::size_t room = screen_.lines > used + 2 ? screen_.lines - used - 2 : 1;
        std::size_t shown = 0;
        for (std::size_t lines = 0; shown < report_.rows.size(); ++shown) {
            const Row& row = report_.rows[shown];
            const std::string remark = remark_line(row, top.has_value());
            lines += remark.empty() ? 1 : 2;
            if (top ? shown == *top : lines > room) break;
            add_line(row_line(row),
                     row.judgement == Judgement::culprit ? Colour::bold : Colour::none);
            if (!remark.empty()) add_line(remark, Colour::dim);
        }
        add_footer(report_.rows.size() - shown);
    }

    void add_footer(std::size_t left_out) {
        std::string text;
        if (left_out != 0) text = "and " + grouped(left_out) + " more: --top N";
        if (!report_.culprits().empty() && report_.by == Dimension::family)
            text += std::string(text.empty() ? "" : "; ") + "what to do about it: --httpd-conf";
        if (!text.empty()) add_line(text, Colour::dim);
    }

    [[nodiscard]] std::string header() const {
        return left(kDimensions[static_cast<std::size_t>(report_.by)].meaning, name_columns_) +
               right("closes", 9) + right("stuck", 7) + right("share", 6) + right("95 %", 7) +
               right("p50 ≤", 7) + right("p99 ≤", 7) + right("addrs", 6) + right("cost", 5);
    }

    [[nodiscard]] std::string row_line(const Row& row) const {
        const double cost = report_.cost_share(row);
        std::string line = left(fits(row) ? title(row) : terminal_text(row.name), name_columns_);
        line += right(count_text(row.tally.closes, 8), 9);
        line += right(count_text(row.tally.stuck, 6), 7);
        line += right(narrow_percent(row.stuck().value()), 5);
        line += right(row.tally.closes == 0 ? "" : interval_text(row.stuck().interval()), 8);
        line += right(bound_text(row.quantile_ms(0.5)), 7);
        line += right(bound_text(row.quantile_ms(0.99)), 7);
        line += right(addresses_text(row), 6);
        line += right(narrow_percent(cost), 5);
        const std::string cells = bar(cost);
        return cells.empty() ? line : line + " " + cells;
    }

    [[nodiscard]] static std::string title(const Row& row) { return terminal_text(title_of(row)); }
    [[nodiscard]] bool fits(const Row& row) const {
        return columns_of(title(row)) <= name_columns_;
    }

    // Without the space, and at most four wide.
    [[nodiscard]] static std::string narrow_percent(double share) {
        std::string text = percent_text(share);
        if (text.starts_with("< ")) return "~0%";
        if (text.starts_with("> ")) return "~99%";
        std::erase(text, ' ');
        return text;
    }

    [[nodiscard]] static std::string bar(double share) {
        constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
        const auto eighths = static_cast<std::size_t>(std::lround(share * kBarColumns * 8));
        std::string text;
        for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
        return text + kEighths[eighths % 8];
    }

    // Where a row may take two lines: those to blame, and all if the reader asked for so many.
    [[nodiscard]] std::string remark_line(const Row& row, bool for_all) const {
        if (!for_all && row.judgement != Judgement::culprit && row.tally.remedied.closes == 0 &&
            !(row.judgement == Judgement::too_few && row.tally.stuck > 0))
            return "";
        std::string remark = remark_on(row, report_.sample_min);
        if (!fits(row)) {
            const std::string comma = remark.empty() ? "" : "; ";
            // A long name must not push out what is told of it.
            remark =
                row.versions.empty() ? remark + comma + row.name : row.versions + comma + remark;
        }
        return remark.empty() ? "" : fitted("  " + terminal_text(remark), screen_.columns);
    }

    const Report& report_;
    const Screen& screen_;
    std::size_t name_columns_;
    std::string text_;
};

std::string skipped_text(const Skipped& skipped, const std::string& what) {
    return grouped(skipped.lines) + (skipped.lines == 1 ? " line " : " lines ") + what +
           " left out, the first of them " + skipped.first->file + ":" +
           std::to_string(skipped.first->line) + ".";
}

}  // namespace

std::vector<std::string> problems_of(const Report& report) {
    const Reading& reading = report.reading;
    std::vector<std::string> problems;
    if (reading.broken.lines != 0)
        problems.push_back(skipped_text(reading.broken, "broken or not of this log:"));
    if (reading.foreign.lines != 0)
        problems.push_back(skipped_text(reading.foreign, "of another event:"));
    if (reading.dropped != 0)
        problems.push_back(grouped(reading.dropped) +
                           " Records are missing: the reader of the log was too slow.");
    if (report.left_out != 0)
        problems.push_back(grouped(report.left_out) +
                           " closes left out: only tallies know of them (FinWaitLog … stuck), "
                           "which cannot answer this.");
    for (const std::string& note : reading.notes) problems.push_back(note + ".");
    return problems;
}

std::string render_table(const Report& report, const Screen& screen,
                         std::optional<std::size_t> top) {
    return Table(report, screen).render(top);
}

}  // namespace finwait::report
