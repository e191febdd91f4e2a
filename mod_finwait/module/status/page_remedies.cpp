// SPDX-License-Identifier: Apache-2.0
#include "module/status/page.hpp"
#include "module/status/verdict.hpp"
#include "presentation/text.hpp"

namespace finwait {

namespace {

std::string requests_each(const RemedyView& remedy) {
    if (remedy.closes == 0) return "0";
    const double each = static_cast<double>(remedy.requests) / static_cast<double>(remedy.closes);
    const std::string text = std::to_string(each);
    return text.substr(0, text.find('.') + 2);
}

void append_remedy(std::string& html, const RemedyView& remedy) {
    html += "<tr><td class=\"agent\"><bdi>" + escaped(user_agent_text(remedy.user_agent)) +
            "</bdi> <small>" + escaped(remedy.vhost) + "</small></td><td data-label=\"network\">" +
            (remedy.network.empty() ? "all" : escaped(remedy.network)) +
            "</td><td data-label=\"remedy\">" + (remedy.on_trial ? "on trial, had " : "") +
            std::string(name_of(remedy.remedy)) + "</td><td data-label=\"evidence\">" +
            grouped(remedy.stuck) + " of " + grouped(remedy.closes) + " stuck, " +
            requests_each(remedy) + " requests each, " + grouped(remedy.networks) +
            (remedy.networks == 1 ? " network" : " networks") + "</td><td data-label=\"until\">" +
            time_text(remedy.until) + "</td></tr>\n";
}

}  // namespace

void append_remedies(std::string& html, const StatusView& view) {
    if (view.remedies.empty()) return;
    html +=
        "<h2>Remedies <small>FinWaitAuto</small></h2>\n<table class=\"rows\"><thead><tr>"
        "<th>User-Agent <small>virtual host</small></th><th>network</th><th>remedy</th>"
        "<th>evidence</th><th>until</th></tr></thead>\n<tbody>";
    for (const RemedyView& remedy : view.remedies) append_remedy(html, remedy);
    html += "</tbody></table>\n";
}

}  // namespace finwait
