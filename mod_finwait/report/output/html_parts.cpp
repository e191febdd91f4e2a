// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "presentation/bar.hpp"
#include "presentation/text.hpp"
#include "report/output/figures.hpp"
#include "report/output/html.hpp"

namespace finwait::report {

namespace {

constexpr std::size_t kRowsMax = 100;
constexpr std::size_t kTextMax = 512;
constexpr int kChartHeight = 100;

void append_cell(std::string& html, std::string_view label, std::string_view value) {
    html.append("<td data-label=\"").append(label).append("\">").append(value).append("</td>");
}

void append_user_agents(std::string& html, const Row& row) {
    if (row.user_agents.empty()) return;
    html += "<details><summary>User-Agents that cost most</summary><ul>";
    for (const UserAgentRow& agent : row.user_agents)
        html +=
            "<li><bdi>" +
            escaped(agent.user_agent.empty() ? kNoUserAgent : std::string_view(agent.user_agent)) +
            "</bdi> <small>" + grouped(agent.closes) + " closes, " + grouped(agent.stuck) +
            " stuck, " + seconds_text(static_cast<double>(agent.fin_wait_2_ms) / 1000) +
            "</small></li>";
    html += "</ul></details>";
}

void append_row(std::string& html, const Report& report, const Row& row) {
    const bool is_culprit = row.judgement == Judgement::culprit;
    html += std::string("<tr") + (is_culprit ? " class=\"culprit\"" : "") +
            "><td class=\"agent\"><b><bdi>" + escaped(clipped(title_of(row), kTextMax)) +
            "</bdi></b>";
    const std::string remark = remark_on(row, report.sample_min);
    if (!remark.empty()) html += " <small>" + escaped(clipped(remark, kTextMax)) + "</small>";
    append_user_agents(html, row);
    html += "</td>";
    append_cell(html, "closes", grouped(row.tally.closes));
    append_cell(html, "stuck", grouped(row.tally.stuck));
    append_cell(html, "share of them",
                "<span>" + escaped(percent_text(row.stuck().value())) + " <small>" +
                    interval_text(row.stuck().interval()) + "</small></span>");
    append_cell(html, "FIN_WAIT_2 p50", escaped(at_most_text(row.quantile_ms(0.5))));
    append_cell(html, "p99", escaped(at_most_text(row.quantile_ms(0.99))));
    append_cell(html, "addresses", addresses_text(row));
    append_cell(html, "socket time",
                "<span>" + seconds_text(row.socket_seconds()) + " <small>" +
                    escaped(percent_text(report.cost_share(row))) + "</small>" +
                    bar(report.cost_share(row), 1, is_culprit ? "time" : "other") + "</span>");
    html += "</tr>\n";
}

std::uint64_t most_closes(const Timeline& timeline) {
    std::uint64_t most = 1;
    for (const auto& [number, point] : timeline.points()) most = std::max(most, point.stuck);
    return most;
}

// Stuck closes over time, one bar a step: for pages without script, and for paper.
void append_static_chart(std::string& html, const Timeline& timeline) {
    const auto& points = timeline.points();
    const std::int64_t first = points.begin()->first;
    // Far-apart steps (a clock that was wrong for an hour) are drawn as neighbours.
    const std::int64_t span = points.rbegin()->first - first + 1;
    const bool is_dense = span <= static_cast<std::int64_t>(points.size()) * 4;
    const auto width = is_dense ? span : static_cast<std::int64_t>(points.size());
    const double most = static_cast<double>(most_closes(timeline));
    html += "<svg class=\"chart static\" viewBox=\"0 0 " + std::to_string(width) + " " +
            std::to_string(kChartHeight) +
            "\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"at most " +
            grouped(most_closes(timeline)) + " stuck closes in a step\">";
    std::int64_t next = 0;
    for (const auto& [number, point] : points) {
        const std::int64_t x = is_dense ? number - first : next++;
        const auto height =
            static_cast<int>(static_cast<double>(point.stuck) / most * kChartHeight + 0.5);
        if (height == 0) continue;
        html += "<rect class=\"fill-time\" x=\"" + std::to_string(x) + "\" y=\"" +
                std::to_string(kChartHeight - height) + "\" width=\"1\" height=\"" +
                std::to_string(height) + "\"/>";
    }
    html += "</svg>\n";
}

std::string chart_data(const Timeline& timeline) {
    const double step = std::chrono::duration<double>(timeline.step()).count();
    nlohmann::json at = nlohmann::json::array(), stuck = at, closes = at;
    for (const auto& [number, point] : timeline.points()) {
        at.push_back(static_cast<double>(number) * step);
        stuck.push_back(point.stuck);
        closes.push_back(point.closes);
    }
    return nlohmann::json{{"at", at}, {"stuck", stuck}, {"closes", closes}}.dump();
}

template <typename Words, std::size_t N>
void append_counts(std::string& html, std::string_view title, const Words& words,
                   const std::array<std::uint64_t, N>& counts, std::uint64_t all) {
    html.append("<section><h2>").append(title).append("</h2>\n<table><tbody>");
    for (std::size_t i = 0; i < N; ++i) {
        if (counts[i] == 0) continue;
        html += "<tr><td class=\"text\">" + std::string(words[i].name) + " <small>" +
                escaped(words[i].meaning) + "</small></td><td>" + grouped(counts[i]) +
                bar(static_cast<double>(counts[i]), static_cast<double>(all), "draining") +
                "</td></tr>\n";
    }
    html += "</tbody></table></section>\n";
}

}  // namespace

void append_rows(std::string& html, const Report& report) {
    const auto& what = kDimensions[static_cast<std::size_t>(report.by)];
    html.append("<h2>By ")
        .append(what.meaning)
        .append("</h2>\n<table class=\"rows\"><thead><tr><th>");
    html.append(what.meaning)
        .append(
            "</th><th>closes</th><th>stuck</th><th>share <small>95 %</small></th>"
            "<th>FIN_WAIT_2<br>p50</th><th>p99</th><th>addresses</th><th>socket time</th>"
            "</tr></thead>\n<tbody>");
    const std::size_t shown = std::min(report.rows.size(), kRowsMax);
    for (std::size_t i = 0; i < shown; ++i) append_row(html, report, report.rows[i]);
    html += "</tbody></table>\n";
    if (shown < report.rows.size())
        html += "<p class=\"muted\">and " + grouped(report.rows.size() - shown) + " more</p>\n";
}

void append_timeline(std::string& html, const Timeline& timeline) {
    if (timeline.points().empty()) return;
    const double step = std::chrono::duration<double>(timeline.step()).count();
    html +=
        "<h2>Stuck closes, in steps of " + seconds_text(step) + "</h2>\n<div id=\"chart\"></div>";
    append_static_chart(html, timeline);
    const auto at = [&](std::int64_t number) { return time_text(number * timeline.step()); };
    html += "<p class=\"axis static\"><span>" + at(timeline.points().begin()->first) +
            "</span><span>" + at(timeline.points().rbegin()->first) + "</span></p>\n" +
            "<script type=\"application/json\" id=\"timeline\">" + chart_data(timeline) +
            "</script>\n";
}

void append_words(std::string& html, const Report& report) {
    const Tally& all = report.all.tally;
    html += "<div class=\"columns\">";
    append_counts(html, "Outcomes", kOutcomes, all.outcomes, all.closes);
    append_counts(html, "Causes", kCauses, all.causes, all.closes);
    html += "</div>\n";
}

}  // namespace finwait::report
