// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>

#include "module/status/page.hpp"
#include "module/status/verdict.hpp"
#include "presentation/text.hpp"

namespace finwait {

namespace {

constexpr std::size_t kBackendsShown = 20;  // with most sockets; the rest are one row

void append_state_row(std::string& html, std::string_view name, std::string_view meaning,
                      const SocketCounts& counts) {
    html += "<tr><td class=\"text\">";
    html.append(name).append(" <small>").append(meaning).append("</small>");
    for (const std::uint64_t count :
         {counts.fin_wait_1, counts.fin_wait_2, counts.closing, counts.all()})
        html += "</td><td>" + grouped(count);
    html += "</td></tr>\n";
}

void append_backends(std::string& html, std::span<const ForeignSockets::Backend> backends) {
    const auto shown = backends.first(std::min(backends.size(), kBackendsShown));
    for (const ForeignSockets::Backend& backend : shown)
        append_state_row(html, "to backend " + endpoint_text(backend.address),
                         escaped(backend.name), backend.sockets);
    SocketCounts rest;
    for (const ForeignSockets::Backend& backend : backends.subspan(shown.size()))
        rest += backend.sockets;
    if (const std::size_t more = backends.size() - shown.size(); more != 0)
        append_state_row(html, "to backends", "the other " + grouped(more), rest);
}

void append_foreign(std::string& html, const ForeignSockets& foreign) {
    append_state_row(html, "unattributed", "no closer's: httpd's own, or another program's",
                     foreign.unattributed);
    append_backends(html, foreign.backends);
    append_state_row(html, "other programs'", "not on this server's ports", foreign.other_programs);
}

void append_states(std::string& html, const StatusView& view) {
    html +=
        "<h2>Sockets by state</h2>\n<table class=\"states\"><thead><tr><th></th><th>FIN_WAIT_1</th>"
        "<th>FIN_WAIT_2</th><th>CLOSING</th><th>all</th></tr></thead>\n<tbody>";
    append_state_row(html, "draining", "read and discarded", view.draining);
    append_state_row(html, "waiting", "for their end", view.waiting);
    if (view.knows_foreign()) append_foreign(html, view.foreign);
    html += "</tbody></table>\n";
    if (view.knows_foreign() && view.foreign_of < view.now)
        html += "<p class=\"muted\">Those that are not the closer's were counted " +
                seconds_text(std::chrono::duration<double>(view.now - view.foreign_of).count()) +
                " before, at " + time_text(view.foreign_of) + ".</p>\n";
    if (!view.knows_foreign())
        html += "<p class=\"muted\">Those that are not the closer's are not known: " +
                escaped(view.foreign_unknown) + ".</p>\n";
}

void append_oldest_row(std::string& html, const SocketView& socket) {
    html += "<tr><td class=\"agent\"><bdi>" +
            escaped(shown_client(socket.user_agent, socket.proxy)) + "</bdi> <small>" +
            escaped(socket.vhost) + "</small></td><td data-label=\"age\">" +
            seconds_text(std::chrono::duration<double>(socket.age).count()) +
            "</td><td data-label=\"state\">" + escaped(name_of(socket.state)) + ", " +
            escaped(name_of(socket.phase)) + "</td><td data-label=\"peer\">" +
            escaped(endpoint_text(socket.peer)) + "</td><td data-label=\"cookie\">" +
            hex_text(socket.cookie) + "</td></tr>\n";
}

void append_oldest(std::string& html, const StatusView& view) {
    if (view.oldest.empty()) return;
    html +=
        "<h2>Oldest sockets</h2>\n<table class=\"rows\"><thead><tr><th>User-Agent</th><th>age</th>"
        "<th>state</th><th>peer</th><th>cookie <small>as in ss "
        "-e</small></th></tr></thead>\n<tbody>";
    for (const SocketView& socket : view.oldest) append_oldest_row(html, socket);
    html += "</tbody></table>\n";
}

}  // namespace

void append_sockets(std::string& html, const StatusView& view) {
    append_states(html, view);
    append_oldest(html, view);
}

}  // namespace finwait
