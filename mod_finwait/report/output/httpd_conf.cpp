// SPDX-License-Identifier: Apache-2.0
#include "report/output/httpd_conf.hpp"

#include <re2/re2.h>

#include <algorithm>

#include "contract/utf8.hpp"
#include "finwait/auto_rule.hpp"
#include "finwait/remedy.hpp"
#include "finwait/version.hpp"
#include "presentation/text.hpp"
#include "report/output/figures.hpp"
#include "report/output/terminal_text.hpp"
#include "report/output/verdict.hpp"

namespace finwait::report {

namespace {

constexpr std::size_t kPatternMax = 256;
constexpr std::size_t kColumns = 98;
constexpr std::string_view kLessPatience = "finwait-idle=1s finwait-timeout=1s";

// What U+FFFD was when httpd saw it: a byte that is no UTF-8, or that character itself. Never tried
// another way, so that nobody can make a pattern with many of them slow.
constexpr std::string_view kAnyOddByte = "(?>\\xEF\\xBF\\xBD|[\\x80-\\xFF])";

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_/ :;,=").find(c) != std::string_view::npos;
}

bool is_written(char c) {
    return is_plain(c) || c == '.';
}

// A comment of several lines.
std::string comment(std::string_view text) {
    std::string lines = "# ";
    for (const char c : wrapped(conf_comment(text), kColumns)) {
        lines += c;
        if (c == '\n') lines += "# ";
    }
    return lines + "\n";
}

class Snippet {
  public:
    Snippet(const Report& report, const Collector& collected)
        : report_(report), collected_(collected) {}

    std::string render() {
        text_ = comment("Made by finwait-report " + std::string(kVersion) + " at " +
                        time_text(report_.made) + " from " + grouped(report_.all.tally.closes) +
                        " closes, " + time_range_text(report_) + ".");
        text_ += "#\n" + comment(verdict_of(report_));
        const auto culprits = report_.culprits();
        if (culprits.empty()) return text_ + "#\n# So there is nothing to configure.\n";
        text_ += "<IfModule mod_setenvif.c>\n";
        for (const Row* row : culprits) add_client(*row);
        return text_ + "</IfModule>\n";
    }

  private:
    void add(std::string_view line) { text_.append("    ").append(line).append("\n"); }
    void explain(std::string_view text) {
        for (std::string lines = comment(text); !lines.empty();) {
            const std::size_t length = lines.find('\n');
            add(lines.substr(0, length));
            lines.erase(0, length + 1);
        }
    }

    void add_client(const Row& row) {
        const Interval interval = row.stuck().interval();
        text_ += "\n";
        explain(title_of(row) + ": " + grouped(row.tally.stuck) + " of " +
                grouped(row.tally.closes) + " closes stuck (" + percent_text(row.stuck().value()) +
                "; 95 % sure of " + interval_text(interval) + " %), " +
                seconds_text(row.socket_seconds()) + " in FIN_WAIT_2.");
        row.peer ? add_advice_on_proxy(*row.peer) : add_advice(row);
    }

    void add_advice_on_proxy(const std::string& address) {
        explain(
            "A proxy, whose users are not to blame. It is cured there: let it close the "
            "connections "
            "that it leaves idle before we do. Its timeout for them must be below our "
            "KeepAliveTimeout, or that above it: keepalive_timeout in nginx's upstream, "
            "pool-purge-delay of HAProxy's server, idle_timeout of Envoy's cluster, the idle "
            "timeout of a cloud's load balancer (docs/behind-a-proxy.md). Until then less patience "
            "bounds what it costs.");
        if (report_.is_anonymous)
            return explain("--anonymize leaves out its address, and so the line that does it.");
        add("SetEnvIfExpr \"%{CONN_REMOTE_ADDR} == '" + address + "'\" " +
            std::string(kLessPatience));
    }

    void add_advice(const Row& row) {
        const Tally& tally = row.tally;
        if (remedy_for(tally, AutoRule{}.requests) == Remedy::cut_short) {
            explain(
                "nokeepalive would not help: it prevents only what is left idle after a request or "
                "little more, and httpd ignores it on HTTP/2 and for requests with Via. Less "
                "patience bounds what it costs.");
            return add_matches(row, kLessPatience);
        }
        explain(
            "It does not notice that an idle connection was closed. Without keep-alive there is "
            "none: the reply says Connection: close, and the client closes after it. Each of its "
            "requests then takes a connection of its own.");
        if (tally.preventable == tally.stuck) return add_matches(row, "nokeepalive");
        explain("Less patience bounds what the others of its stuck closes cost.");
        add_matches(row, "nokeepalive " + std::string(kLessPatience));
    }

    void add_matches(const Row& row, std::string_view variables) {
        for (const std::string& pattern : patterns_of(row))
            add("BrowserMatch \"" + pattern + "\" " + std::string(variables));
    }

    // Its product, if nobody else in this log is called so; else its costliest User-Agents.
    [[nodiscard]] std::vector<std::string> patterns_of(const Row& row) const {
        if (row.name == kNoUserAgent) return {"^$"};
        const std::string product = browser_text(row.product);
        const std::string name = browser_text(row.product.substr(0, row.product.find('/')));
        std::vector<std::string> candidates{"^" + product + "\\b"};
        // Where uap-core knows the client, all its versions are one family.
        if (row.product != row.name) candidates = {"^" + name + "/", "\\b" + name + "/"};
        // Too many are called `......`.
        if (!std::ranges::all_of(row.product, is_written)) candidates.clear();
        for (const std::string& candidate : candidates)
            if (matches_only(candidate, row.name)) return {candidate};
        std::vector<std::string> patterns;
        for (const UserAgentRow& agent : row.user_agents)
            if (agent.stuck > 0) patterns.push_back(whole_browser(agent.user_agent));
        return patterns;
    }

    [[nodiscard]] bool matches_only(const std::string& pattern, const std::string& family) const {
        const RE2 regex(pattern);
        bool any = false;
        for (const auto& [user_agent, agent] : collected_.agents()) {
            if (!RE2::PartialMatch(user_agent, regex)) continue;
            if (agent->family.name != family) return false;
            any = true;
        }
        return any;
    }

    const Report& report_;
    const Collector& collected_;
    std::string text_;
};

}  // namespace

std::string conf_comment(std::string_view text) {
    std::string line = terminal_text(text);
    // httpd joins lines at a backslash, in comments too, and expands ${...} in all of them.
    std::replace(line.begin(), line.end(), '\\', '/');
    std::replace(line.begin(), line.end(), '$', '.');
    return line;
}

std::string browser_text(std::string_view text) {
    std::string pattern;
    for (std::size_t at = 0; at < std::min(text.size(), kPatternMax); ++at) {
        if (text.substr(at).starts_with(kReplacementCharacter)) {
            pattern += kAnyOddByte;
            at += kReplacementCharacter.size() - 1;
        } else if (text[at] == '.') {
            pattern += "\\.";
        } else {
            pattern += is_plain(text[at]) ? text[at] : '.';
        }
    }
    return pattern;
}

std::string whole_browser(std::string_view text) {
    return "^" + browser_text(text) + (text.size() > kPatternMax ? "" : "$");
}

std::string render_httpd_conf(const Report& report, const Collector& collected) {
    return Snippet(report, collected).render();
}

}  // namespace finwait::report
