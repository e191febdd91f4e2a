// SPDX-License-Identifier: Apache-2.0
#include "report/output/html.hpp"

#include "finwait/version.hpp"
#include "presentation/bar.hpp"
#include "presentation/page_style.hpp"
#include "presentation/text.hpp"
#include "report/output/chart_script.hpp"
#include "report/output/figures.hpp"
#include "report/output/table.hpp"
#include "report/output/verdict.hpp"

namespace finwait::report {

namespace {

constexpr const char* kOwnStyle =
    "td.agent{width:34%}.dim{color:var(--muted)}tr.culprit td.agent b{color:var(--bad)}"
    "#chart .u-legend{color:var(--ink)}.scripted .static{display:none}"
    "@media print{:root{color-scheme:light;--bg:#fff;--ink:#000;--card:#fff;--line:#bbb}"
    "body{max-width:none;font-size:11px}details{display:none}tr,.tile{break-inside:avoid}}";

std::string content_policy() {
    std::string policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
    if (!kChartScript.empty())
        policy.append("; script-src 'sha256-").append(kChartScriptHash).append("'");
    return policy;
}

void append_head(std::string& html, const Report& report) {
    html +=
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"" +
        content_policy() +
        "\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n<title>finwait-report</title><style>";
    html.append(kPageStyle).append(kOwnStyle).append(kChartStyle);
    html += "</style></head><body>\n<header><h1>finwait-report " + std::string(kVersion) +
            "</h1><span class=\"muted\">" + time_text(report.made) + "</span></header>\n<main>\n";
}

void append_verdict(std::string& html, const Report& report) {
    const bool is_bad = !report.culprits().empty();
    html += "<p class=\"verdict " + std::string(is_bad ? "bad" : "calm") + "\" role=\"status\">" +
            escaped(verdict_of(report)) + "</p>\n";
}

void append_tile(std::string& html, std::string_view name, const std::string& value,
                 const std::string& below) {
    html.append("<div class=\"tile\">").append(name).append("<b>").append(value);
    html.append("</b><small>").append(below).append("</small></div>\n");
}

void append_tiles(std::string& html, const Report& report) {
    const Row& all = report.all;
    html += "<div class=\"tiles\">";
    append_tile(html, "Closes", grouped(all.tally.closes), time_range_text(report));
    append_tile(html, "Stuck", grouped(all.tally.stuck),
                percent_text(all.stuck().value()) + " of all");
    append_tile(html, "In FIN_WAIT_2", seconds_text(all.socket_seconds()),
                "99 % of closes " + at_most_text(all.quantile_ms(0.99)));
    append_tile(html, "Clients", (all.addresses_at_least ? "≥ " : "") + grouped(all.addresses),
                "addresses on " + grouped(report.vhosts) +
                    (report.vhosts == 1 ? " virtual host" : " virtual hosts"));
    html += "</div>\n";
}

void append_problems(std::string& html, const Report& report) {
    const auto problems = problems_of(report);
    if (problems.empty()) return;
    html += "<h2>Notes</h2>\n<ul>";
    for (const std::string& problem : problems) html += "<li>" + escaped(problem) + "</li>";
    html += "</ul>\n";
}

void append_sources(std::string& html, const Report& report) {
    html += "<footer>From ";
    for (std::size_t i = 0; i < report.sources.size(); ++i)
        html += (i == 0 ? "" : ", ") + escaped(report.sources[i]);
    html +=
        ". A close is stuck if the client acknowledged our FIN and its own was missing when the "
        "drain ran out.</footer>\n";
}

}  // namespace

std::string render_html(const Report& report) {
    std::string html;
    append_head(html, report);
    append_verdict(html, report);
    append_tiles(html, report);
    append_rows(html, report);
    append_timeline(html, report.timeline);
    append_words(html, report);
    append_problems(html, report);
    html += "</main>\n";
    append_sources(html, report);
    if (!kChartScript.empty()) html.append("<script>").append(kChartScript).append("</script>\n");
    return html + "</body></html>\n";
}

}  // namespace finwait::report
