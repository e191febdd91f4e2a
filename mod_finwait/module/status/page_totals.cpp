// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "module/status/page.hpp"
#include "presentation/bar.hpp"
#include "presentation/text.hpp"

namespace finwait {

namespace {

constexpr std::size_t kVhostsOnPage = 100;

void append_row(std::string& html, std::string_view name, std::string_view meaning,
                const std::string& value) {
    html.append("<tr><td class=\"text\">").append(name);
    if (!meaning.empty()) html.append("<br><small>").append(meaning).append("</small>");
    html += "</td><td>" + value + "</td></tr>\n";
}

template <typename Words, std::size_t N>
void append_words(std::string& html, std::string_view title, const Words& words,
                  const std::array<std::uint64_t, N>& counts) {
    const std::uint64_t all = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    html.append("<section><h2>").append(title).append("</h2><table><tbody>\n");
    for (std::size_t i = 0; i < N; ++i) {
        if (counts[i] == 0) continue;
        append_row(html, words[i].name, words[i].meaning,
                   grouped(counts[i]) +
                       bar(static_cast<double>(counts[i]), static_cast<double>(all), "held"));
    }
    if (all == 0) append_row(html, "none yet", "", "");
    html += "</tbody></table></section>\n";
}

// Those that cost most.
void append_vhosts(std::string& html, const StatusView& view) {
    std::vector<const VhostView*> vhosts;
    for (const VhostView& vhost : view.vhosts) vhosts.push_back(&vhost);
    if (vhosts.empty()) return;
    std::ranges::stable_sort(vhosts, std::ranges::greater(),
                             [](const VhostView* vhost) { return vhost->finished.socket_seconds; });
    const std::size_t left_out = vhosts.size() - std::min(vhosts.size(), kVhostsOnPage);
    vhosts.resize(vhosts.size() - left_out);
    html +=
        "<section><h2>Virtual hosts</h2><table><thead><tr><th></th><th>closes</th><th>stuck</th>"
        "<th>socket time</th></tr></thead><tbody>\n";
    for (const VhostView* vhost : vhosts)
        html += "<tr><td class=\"text\">" + escaped(vhost->name) + "</td><td>" +
                grouped(vhost->finished.closes) + "</td><td>" + grouped(vhost->finished.stuck) +
                "</td><td>" + seconds_text(vhost->finished.socket_seconds) + "</td></tr>\n";
    html += "</tbody></table>\n";
    if (left_out != 0) html += "<p class=\"muted\">and " + grouped(left_out) + " more</p>\n";
    if (view.vhosts_left_out != 0)
        html += "<p class=\"muted\">(other): about " + grouped(view.vhosts_left_out) +
                " more, as FinWaitLedgerSize was reached</p>\n";
    html += "</section>\n";
}

template <std::size_t N>
std::uint64_t sum(const std::array<std::uint64_t, N>& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

void append_accounting(std::string& html, const StatusView& view) {
    const CloserTotals& closer = view.closer;
    html += "<section><h2>Where every close went</h2><table><tbody>\n";
    append_row(html, "closes", "seen by the module", grouped(view.module.closes));
    append_row(html, "handed over", "with their socket", grouped(view.module.handoffs));
    append_row(html, "ended", "nothing was left to drain", grouped(view.module.ended));
    append_row(html, "declined", "left to httpd's own lingering close",
               grouped(sum(view.module.declined)));
    append_row(html, "received", "by the closer", grouped(closer.received));
    append_row(html, "held", "still under way", grouped(view.held().all()));
    append_row(html, "Records", "a log has them", grouped(closer.records));
    append_row(html, "tallied", "counted in a tally line", grouped(closer.tallied));
    append_row(html, "unwritten", "their line is still to be written",
               grouped(view.process.unwritten_closes));
    append_row(html, "unlogged", "no log was to have it", grouped(closer.unlogged));
    append_row(html, "dropped", "the log's reader was slow", grouped(closer.dropped));
    append_row(html, "lost", "in the hands of a closer that died", grouped(closer.lost));
    append_row(html, "shed", "FinWaitMaxHeld was reached", grouped(closer.shed));
    append_row(html, "evicted accounts", "FinWaitLedgerSize was reached", grouped(closer.evicted));
    if (closer.half_written != 0)
        append_row(html, "half-written entries", "of these books: a closer was killed meanwhile",
                   grouped(closer.half_written));
    if (closer.bad_messages != 0)
        append_row(html, "bad messages", "refused", grouped(closer.bad_messages));
    if (closer.rescued != 0)
        append_row(html, "rescued sockets", "of bad messages: drained all the same",
                   grouped(closer.rescued));
    if (closer.held_up != 0)
        append_row(html, "held up", "times: a child's descriptors did not let themselves be closed",
                   grouped(closer.held_up));
    html += "</tbody></table></section>\n";
}

void append_process(std::string& html, const ProcessView& process) {
    html += "<section><h2>The closer</h2><table><tbody>\n";
    append_row(html, "process", "", std::to_string(process.pid));
    append_row(html, "up for", "", seconds_text(static_cast<double>(process.uptime.count())));
    append_row(html, "processor time", "",
               seconds_text(std::chrono::duration<double>(process.cpu_time).count()));
    append_row(html, "memory", "", bytes_text(process.resident_bytes));
    append_row(html, "descriptor limit", "", grouped(process.descriptor_limit));
    append_row(html, "notices that httpd did not take", "", grouped(process.unsent_notices));
    append_row(html, "closers that run", "", grouped(process.closers));
    append_row(html, "runs as", confinement_text(process.confinement), "");
    html += "</tbody></table></section>\n";
}

void append_notices(std::string& html, const StatusView& view) {
    html += "<section><h2>Its last notices</h2>";
    if (view.notices.empty()) html += "<p class=\"muted\">None.</p>";
    html += "<ul>\n";
    for (const NoticeView& notice : view.notices) {
        const std::string level(name_of(notice.level));
        html += "<li><span class=\"level-" + level + "\">" + level + "</span> <small>" +
                time_text(notice.at) + "</small><br>" + escaped(notice.text) + "</li>\n";
    }
    html += "</ul></section>\n";
}

}  // namespace

void append_totals(std::string& html, const StatusView& view) {
    html += "<div class=\"columns\">\n";
    append_words(html, "Outcomes", kOutcomes, view.closer.words.outcomes);
    append_words(html, "Causes", kCauses, view.closer.words.causes);
    append_words(html, "Drains", kDrains, view.closer.words.drains);
    append_vhosts(html, view);
    html += "</div>\n";
}

void append_health(std::string& html, const StatusView& view) {
    html += "<div class=\"columns\">\n";
    append_accounting(html, view);
    append_process(html, view.process);
    append_notices(html, view);
    html += "</div>\n";
}

}  // namespace finwait
