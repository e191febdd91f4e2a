// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "module/status/page.hpp"
#include "module/status/verdict.hpp"
#include "presentation/bar.hpp"
#include "presentation/text.hpp"

namespace finwait {

namespace {

constexpr std::size_t kAccountsOnPage = kRankedByTime + kRankedByNow;
constexpr std::string_view kNone = "–";

template <typename Words, std::size_t N>
void append_words(std::string& html, const Words& words,
                  const std::array<std::uint64_t, N>& counts) {
    std::string_view before;
    for (std::size_t i = 0; i < N; ++i) {
        if (counts[i] == 0) continue;
        html.append(before).append(words[i].name).append(" ").append(grouped(counts[i]));
        before = ", ";
    }
}

void append_details(std::string& html, const AccountView& account) {
    const FinishedCloses& finished = account.finished;
    html += "<details><summary>outcomes and causes</summary><small>outcomes: ";
    append_words(html, kOutcomes, finished.words.outcomes);
    html += "<br>causes: ";
    append_words(html, kCauses, finished.words.causes);
    html += "<br>" + bytes_text(finished.drained_bytes) + " drained, some " +
            grouped(finished.addresses) + " addresses, counted since " + time_text(account.opened) +
            "</small></details>";
}

void append_cell(std::string& html, std::string_view label, std::string_view value) {
    html.append("<td data-label=\"").append(label).append("\">").append(value).append("</td>");
}

std::string quantile_text(const TimeHistogram& times, double share) {
    if (times.count() == 0) return std::string(kNone);
    const auto below = times.quantile(share);
    if (below) return "≤ " + seconds_text(*below);
    return times.buckets.empty() ? std::string(kNone)
                                 : "> " + seconds_text(times.buckets.back().up_to_s);
}

std::string per_close(std::uint64_t number, std::uint64_t closes) {
    if (closes == 0) return std::string(kNone);
    std::string text = std::to_string(static_cast<double>(number) / static_cast<double>(closes));
    return text.substr(0, text.find('.') + 2);
}

void append_finished_cells(std::string& html, const StatusView& view, const AccountView& account) {
    const FinishedCloses& finished = account.finished;
    append_cell(html, "closes", grouped(finished.closes));
    append_cell(html, "stuck", grouped(finished.stuck));
    append_cell(html, "requests per connection", per_close(finished.requests, finished.closes));
    append_cell(html, "FIN_WAIT_2 p50", quantile_text(finished.fin_wait_2, 0.5));
    append_cell(html, "p99", quantile_text(finished.fin_wait_2, 0.99));
    const double ago = std::chrono::duration<double>(view.now - account.last_seen).count();
    append_cell(html, "last seen", seconds_text(ago) + " ago");
}

void append_account(std::string& html, const StatusView& view, const AccountView& account,
                    std::uint64_t most_now, double most_seconds) {
    html += "<tr><td class=\"agent\"><b><bdi>" +
            escaped(shown_client(account.user_agent, account.proxy)) + "</bdi></b> <small>" +
            escaped(account.vhost) + "</small>";
    if (account.finished.closes != 0) append_details(html, account);
    html += "</td>";
    append_cell(html, "in FIN_WAIT_2 now",
                "<span>" + grouped(account.now.fin_wait_2) +
                    bar(static_cast<double>(account.now.fin_wait_2), static_cast<double>(most_now),
                        "held") +
                    "</span>");
    append_cell(html, "in FIN_WAIT_1 now", grouped(account.now.fin_wait_1));
    append_cell(html, "socket time",
                "<span>" + seconds_text(account.socket_seconds()) +
                    bar(account.socket_seconds(), most_seconds, "time") + "</span>");
    append_finished_cells(html, view, account);
    html += "</tr>\n";
}

}  // namespace

void append_accounts(std::string& html, const StatusView& view) {
    html += "<h2>User-Agents and proxies, by the time their sockets spent in FIN_WAIT_2</h2>\n";
    if (view.accounts.empty()) {
        html += "<p class=\"muted\">None yet.</p>\n";
        return;
    }
    std::uint64_t most_now = 0;
    double most_seconds = 0;
    for (const AccountView& account : view.accounts) {
        most_now = std::max(most_now, account.now.fin_wait_2);
        most_seconds = std::max(most_seconds, account.socket_seconds());
    }
    html +=
        "<table class=\"rows\"><thead><tr><th>User-Agent <small>virtual host</small></th>"
        "<th>FIN_WAIT_2<br>now</th><th>FIN_WAIT_1<br>now</th><th>socket time</th>"
        "<th>closes</th><th>stuck</th><th>requests per<br>connection</th>"
        "<th>FIN_WAIT_2<br>p50</th><th>p99</th><th>last seen</th></tr></thead>\n<tbody>";
    const std::size_t shown = std::min(view.accounts.size(), kAccountsOnPage);
    for (std::size_t i = 0; i < shown; ++i)
        append_account(html, view, view.accounts[i], most_now, most_seconds);
    if (view.other) append_account(html, view, *view.other, most_now, most_seconds);
    html += "</tbody></table>\n";
    const std::uint64_t left_out = view.accounts.size() - shown + view.accounts_left_out;
    if (left_out != 0) html += "<p class=\"muted\">and " + grouped(left_out) + " more</p>\n";
}

}  // namespace finwait
