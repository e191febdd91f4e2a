// SPDX-License-Identifier: Apache-2.0
#include "report/output/bug_report.hpp"

#include <algorithm>
#include <vector>

#include "finwait/version.hpp"
#include "presentation/text.hpp"
#include "report/analysis/versions.hpp"
#include "report/output/bug_report_parts.hpp"
#include "report/output/figures.hpp"
#include "report/output/markdown.hpp"
#include "report/output/terminal_text.hpp"

namespace finwait::report {

namespace {

constexpr std::size_t kVersionsShown = 12;
constexpr std::size_t kNameMax = 80;  // bytes

constexpr const char* kOtherProtocol =
    "Most of it was seen with TLS or HTTP/2, which this server does not speak. If nothing shows, "
    "an "
    "Apache httpd that does, with `KeepAliveTimeout 2`, is the server to take.\n\n";

std::string share_text(const Share& share) {
    return percent_text(share.value()) + " (95 % sure: " + interval_text(share.interval()) + " %)";
}

std::string days_text(std::chrono::milliseconds first, std::chrono::milliseconds last) {
    const auto day = [](std::chrono::milliseconds time) { return time_text(time).substr(0, 10); };
    return day(first) == day(last) ? day(first) : day(first) + " to " + day(last);
}

class BugReport {
  public:
    BugReport(const Evidence& evidence, const std::string& command)
        : evidence_(evidence), counts_(evidence.counts()), command_(terminal_text(command)) {}

    std::string render() {
        const bool is_idle = is_left_idle(counts_.causes);
        const std::string name = markdown_text(clipped(evidence_.name(), kNameMax));
        text_ = "# " + name + " leaves connections open that the server has closed\n\n" + name +
                (is_idle ? " does not notice that the server has closed a connection that is idle. "
                         : " does not close a connection that the server has closed after its "
                           "reply. ") +
                "Its own socket stays in CLOSE\\_WAIT, the server's in FIN\\_WAIT\\_2, until "
                "one of the two gives up.\n";
        add_seen();
        add_versions();
        if (const Record* example = evidence_.example()) add_example(*example);
        text_ += "\n## What RFC 9112 asks\n\n" + std::string(standard_text(is_idle));
        add_commands(is_idle);
        text_ += "\n## What a client should do\n\n" + std::string(advice_text(is_idle));
        text_ += "\nMade by finwait-report " + std::string(kVersion) +
                 " (mod\\_finwait, an Apache httpd module that watches how connections end).\n";
        return std::move(text_);
    }

  private:
    void add_row(const std::string& name, const std::string& value) {
        text_ += "| " + name + " | " + value + " |\n";
    }

    void add_seen() {
        text_ += "\n## What was seen\n\n";
        if (evidence_.first())
            text_ += "On the connections of an Apache httpd, " +
                     days_text(*evidence_.first(), *evidence_.last()) + ":\n\n";
        text_ += "| | |\n|:--|:--|\n";
        add_row("connections that ended", grouped(evidence_.stuck().whole));
        add_row("of these left open by the client",
                grouped(evidence_.stuck().part) + ": " + share_text(evidence_.stuck()));
        if (counts_.told == 0) return;
        add_row("was the client there?", probe_text());
        add_row("why the server closed", words_text<Cause>(counts_.causes));
        add_row("how it ended", words_text<Outcome>(counts_.outcomes));
        add_row("time in FIN\\_WAIT\\_2",
                "half " + quantile_text(0.5) + ", 99 % " + quantile_text(0.99));
        add_row("protocol", protocol_text());
    }

    [[nodiscard]] std::string quantile_text(double share) const {
        return at_most_text(fin_wait_2_quantile_ms(counts_.times, share).value_or(0));
    }

    // It is what tells this from a machine that was switched off.
    [[nodiscard]] std::string probe_text() const {
        const std::uint64_t answered = counts_.probes[static_cast<std::size_t>(Probe::answered)];
        const std::string told = grouped(counts_.told);
        if (answered == 0) return "not known: no keepalive probe told";
        return grouped(answered) + " of " + told +
               ": its machine answered keepalive probes after the server's FIN; **alive, and not "
               "closing**" +
               (answered == counts_.told ? "" : ". Of the others it is not known");
    }

    // The commonest first: "idle for KeepAliveTimeout (4,800), a status that ... (87)".
    template <typename E, std::size_t N>
    [[nodiscard]] static std::string words_text(const std::array<std::uint64_t, N>& counts) {
        std::vector<std::pair<std::uint64_t, std::string>> words;
        for (std::size_t i = 0; i < N; ++i)
            if (counts[i] != 0) words.emplace_back(counts[i], std::string(kWordsOf<E>[i].meaning));
        std::ranges::stable_sort(words, std::ranges::greater(),
                                 [](const auto& word) { return word.first; });
        std::string text;
        for (const auto& [count, word] : words)
            text += (text.empty() ? "" : "; ") + markdown_text(word) + " (" + grouped(count) + ")";
        return text;
    }

    [[nodiscard]] std::string protocol_text() const {
        std::string text;
        for (std::size_t i = 0; i < counts_.http.size(); ++i)
            if (counts_.http[i] != 0)
                text += (text.empty() ? "" : ", ") +
                        (i == 0 ? "no request" : "HTTP/" + std::string(kHttpVersions[i].name)) +
                        " (" + grouped(counts_.http[i]) + ")";
        return text + "; " +
               (counts_.tls == 0              ? "without TLS"
                : counts_.tls == counts_.told ? "with TLS"
                                              : grouped(counts_.tls) + " with TLS");
    }

    // Than the plain HTTP/1.1 that the server of the commands speaks.
    [[nodiscard]] bool is_of_another_protocol() const {
        const std::uint64_t http_2 = counts_.http[static_cast<std::size_t>(HttpVersion::http_2)];
        return 2 * std::max(counts_.tls, http_2) > counts_.told;
    }

    void add_versions() {
        std::vector<std::pair<std::string, Share>> versions(evidence_.versions().begin(),
                                                            evidence_.versions().end());
        std::ranges::sort(versions, [](const auto& a, const auto& b) {
            return a.second.whole != b.second.whole ? a.second.whole > b.second.whole
                                                    : a.first < b.first;
        });
        const std::size_t more = versions.size() - std::min(versions.size(), kVersionsShown);
        versions.erase(versions.end() - static_cast<std::ptrdiff_t>(more), versions.end());
        std::ranges::sort(versions,
                          [](const auto& a, const auto& b) { return is_older(b.first, a.first); });
        text_ += "\n| version | connections | left open | share (95 %) |\n|:--|--:|--:|--:|\n";
        for (const auto& [version, stuck] : versions)
            text_ += "| " +
                     (version.empty() ? "not told" : markdown_text(clipped(version, kNameMax))) +
                     " | " + grouped(stuck.whole) + " | " + grouped(stuck.part) + " | " +
                     percent_text(stuck.value()) + " (" + interval_text(stuck.interval()) + ") |\n";
        if (more != 0) text_ += "\nand " + grouped(more) + " more versions\n";
    }

    void add_example(const Record& example) {
        text_ += "\n## One connection\n\n";
        for (const auto& [at, what] : moments_of(example))
            text_ += "    " + left(at, 10) + what + "\n";
    }

    void add_commands(bool is_idle) {
        const std::string client =
            command_.empty() ? "# your client: one GET of http://127.0.0.1:8080/, then it stays, "
                               "its connection or pool open and idle"
                             : command_;
        text_ += "\n## How to reproduce it\n\nA server that closes" +
                 std::string(is_idle ? " what is idle for two seconds" : " after each reply") +
                 "; the client, in another terminal; and while it still runs, what is left "
                 "of its connection:\n\n    " +
                 std::string(server_command(is_idle)) + "\n    " + client + "\n    " +
                 std::string(kLookCommand) + "\n\n" +
                 std::string(is_of_another_protocol() ? kOtherProtocol : "") +
                 "Where the last one lists a socket in CLOSE-WAIT for longer than a moment, the "
                 "client has the bug.\n";
    }

    const Evidence& evidence_;
    const StuckCounts& counts_;
    std::string command_;
    std::string text_;
};

}  // namespace

std::string render_bug_report(const Evidence& evidence, const std::string& command) {
    return BugReport(evidence, command).render();
}

}  // namespace finwait::report
