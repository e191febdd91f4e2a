// SPDX-License-Identifier: Apache-2.0
#include "module/status/page.hpp"

#include "module/status/render.hpp"
#include "module/status/verdict.hpp"
#include "presentation/bar.hpp"
#include "presentation/page_style.hpp"
#include "presentation/text.hpp"

namespace finwait {

namespace {

// In the verdict; the whole of it stands in the table.
constexpr std::size_t kVerdictAgentMax = 120;

void append_head(std::string& html, const StatusView& view) {
    html +=
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"";
    append_escaped(html, kStatusContentPolicy);
    html +=
        "\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<title>mod_finwait status</title><style>";
    html += kPageStyle;
    html += "</style></head><body>\n<header><h1>mod_finwait " + escaped(view.version) +
            "</h1><span class=\"muted\">" + time_text(view.now) + "</span></header>\n";
}

// Also where nothing is wrong now: who has cost most so far. Accounts stand in that order.
void append_cost(std::string& html, const StatusView& view) {
    double all = view.finished.socket_seconds;
    for (const AccountView& account : view.accounts) all += account.open_socket_seconds;
    if (view.accounts.empty() || view.accounts.front().socket_seconds() < 1) return;
    const AccountView& first = view.accounts.front();
    html += "<small>Most time in FIN_WAIT_2 so far: <bdi>" +
            escaped(clipped(shown_client(first.user_agent, first.proxy), kVerdictAgentMax)) +
            "</bdi>, " + seconds_text(first.socket_seconds()) + " of " + seconds_text(all) +
            "</small>";
}

void append_verdict(std::string& html, const StatusView& view) {
    const Verdict verdict = verdict_of(view);
    html += "<p class=\"verdict " + std::string(name_of(verdict.level)) + "\" role=\"status\">" +
            escaped(verdict.before);
    if (!verdict.user_agent.empty())
        html += "<b><bdi>" + escaped(clipped(verdict.user_agent, kVerdictAgentMax)) + "</bdi></b>";
    html += escaped(verdict.after);
    append_cost(html, view);
    html += "</p>\n";
}

void append_tile(std::string& html, std::string_view name, const std::string& value,
                 const std::string& below) {
    html += "<div class=\"tile\">";
    html.append(name).append("<b>").append(value).append("</b>").append(below);
    html += "</div>\n";
}

void append_limit_tile(std::string& html, std::string_view name, std::string_view limit_name,
                       const std::optional<std::uint64_t>& now,
                       const std::optional<std::uint64_t>& max) {
    if (!now) return;
    std::string below;
    if (max) {
        below = "<small>of " + grouped(*max) + " (" + std::string(limit_name) + ")</small>";
        below += bar(static_cast<double>(*now), static_cast<double>(*max), "other");
    }
    append_tile(html, name, grouped(*now), below);
}

void append_tiles(std::string& html, const StatusView& view) {
    const SocketCounts held = view.held(), on_ports = view.on_ports();
    html += "<div class=\"tiles\">";
    const std::string at_least = view.knows_foreign() ? "" : "at least ";
    append_tile(html, "In FIN_WAIT_2 now", at_least + grouped(on_ports.fin_wait_2),
                "<small>our FIN is acknowledged, the client's is missing</small>");
    append_tile(html, "In FIN_WAIT_1 now", at_least + grouped(on_ports.fin_wait_1),
                "<small>our FIN is not acknowledged yet</small>");
    append_limit_tile(html, "Kernel's orphans", "tcp_max_orphans", view.kernel.orphans,
                      view.kernel.max_orphans);
    append_limit_tile(html, "TIME_WAIT buckets", "tcp_max_tw_buckets", view.kernel.tw_buckets,
                      view.kernel.max_tw_buckets);
    if (view.kernel.fin_timeout_s)
        append_tile(html, "Kernel's FIN_WAIT_2", grouped(*view.kernel.fin_timeout_s) + " s",
                    "<small>tcp_fin_timeout, without FinWaitTimeout</small>");
    append_tile(
        html, "Held", grouped(held.all()),
        "<small>of " + grouped(view.held_max) + "</small>" +
            bar(static_cast<double>(held.all()), static_cast<double>(view.held_max), "held"));
    html += "</div>\n";
}

}  // namespace

std::string render_page(const StatusView& view) {
    std::string html;
    html.reserve(std::size_t{64} << 10);
    append_head(html, view);
    html += "<main>\n";
    append_verdict(html, view);
    append_tiles(html, view);
    append_accounts(html, view);
    append_remedies(html, view);
    append_chart(html, view.hour);
    append_sockets(html, view);
    append_totals(html, view);
    append_health(html, view);
    html +=
        "</main>\n<footer>The same as <a href=\"?json\">JSON</a> and as "
        "<a href=\"?metrics\">Prometheus metrics</a>; "
        "<a href=\"?refresh=5\">refresh every 5 seconds</a>.</footer>\n</body></html>\n";
    return html;
}

}  // namespace finwait
