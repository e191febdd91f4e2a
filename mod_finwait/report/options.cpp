// SPDX-License-Identifier: Apache-2.0
#include "report/options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>

#include "report/command_line.hpp"
#include "report/engine_option.hpp"
#include "report/input/live_status.hpp"

namespace finwait::report {

namespace {

constexpr std::chrono::milliseconds kWatchDefault = std::chrono::seconds(2);

Instant instant_from(const char* option, const std::string& text, Instant now) {
    const auto time = parse_instant(text, now);
    if (!time)
        throw UsageError(std::string(option) + " '" + text +
                         "' is no time; write 2026-11-22T14:00:00Z, '2026-11-22 14:00', 14:00, "
                         "'2h ago', today or yesterday");
    return *time;
}

template <typename E>
E word_from(const char* option, const std::string& text) {
    const auto word = word_named<E>(text);
    if (!word)
        throw UsageError(std::string(option) + " '" + text + "' is not known; it is one of " +
                         names_of<E>());
    return *word;
}

std::shared_ptr<const RE2> regex_from(const std::string& text) {
    RE2::Options quiet;
    quiet.set_log_errors(false);
    auto regex = std::make_shared<const RE2>(text, quiet);
    if (!regex->ok())
        throw UsageError("--ua '" + text + "' is no regular expression (RE2): " + regex->error());
    return regex;
}

Network network_from(const std::string& text) {
    const auto network = parse_network(text);
    if (!network)
        throw UsageError(
            "--address '" + text +
            "' is no address or network; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32");
    return *network;
}

std::uint64_t cookie_from(const std::string& text) {
    std::string_view digits = text;
    for (const std::string_view prefix : {"sk:", "0x"})
        if (digits.starts_with(prefix)) digits.remove_prefix(prefix.size());
    std::uint64_t cookie = 0;
    const auto end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, cookie, 16);
    if (result.ec != std::errc{} || result.ptr != end || cookie == 0)
        throw UsageError("show '" + text +
                         "': a cookie is a hexadecimal number, such as 14b83, and not 0");
    return cookie;
}

std::vector<std::string> live_urls_from(const std::vector<std::string>& words) {
    std::vector<std::string> urls;
    for (const std::string& word : words) {
        if (!word.starts_with("http://") && !word.starts_with("https://"))
            throw UsageError("--live asks servers; '" + word +
                             "' is no URL such as http://127.0.0.1/finwait-status");
        if (std::ranges::find(urls, word) == urls.end()) urls.push_back(word);
    }
    if (urls.size() > kLiveServersMax)
        throw UsageError("--live asks " + std::to_string(kLiveServersMax) +
                         " servers at most, not " + std::to_string(urls.size()) +
                         "; more have an engine: see docs/fleet.md");
    return urls;
}

std::chrono::milliseconds interval_from(const std::string& text) {
    if (text.empty()) return kWatchDefault;
    double seconds = 0;
    const auto end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, seconds);
    if (result.ec != std::errc{} || result.ptr != end || !(seconds >= 0.1 && seconds <= 3600))
        throw UsageError("--watch '" + text + "': write seconds from 0.1 to 3600");
    return std::chrono::milliseconds(std::llround(seconds * 1000));
}

Filter filter_from(const CommandLine& line, Instant now) {
    Filter filter;
    if (line.has("--since")) filter.since = instant_from("--since", line.since, now);
    if (line.has("--until")) filter.until = instant_from("--until", line.until, now);
    if (line.has("--ua")) filter.user_agent = regex_from(line.user_agent);
    if (line.has("--family")) filter.family = line.family;
    if (line.has("--vhost")) filter.vhost = line.vhost;
    if (line.has("--address")) filter.network = network_from(line.network);
    if (line.has("--outcome")) filter.outcome = word_from<Outcome>("--outcome", line.outcome);
    if (line.has("--cause")) filter.cause = word_from<Cause>("--cause", line.cause);
    return filter;
}

Format format_from(const CommandLine& line) {
    struct Choice {
        bool is_chosen;
        Format format;
    };
    Format format = Format::table;
    int chosen = 0;
    for (const Choice choice :
         {Choice{line.json, Format::json}, Choice{line.csv, Format::csv},
          Choice{line.markdown, Format::markdown}, Choice{line.httpd_conf, Format::httpd_conf}}) {
        if (!choice.is_chosen) continue;
        format = choice.format;
        ++chosen;
    }
    if (chosen > 1)
        throw UsageError(
            "--json, --csv, --markdown and --httpd-conf exclude each other; choose one");
    return format;
}

void check_watch(const Options& options) {
    if (!options.watch) return;
    if (options.live_urls.empty())
        throw UsageError("--watch looks at servers; it wants --live URL (a log has --follow)");
    if (options.format != Format::table || !options.html_file.empty())
        throw UsageError(
            "--watch shows a screen; it does not go with --json, --csv, --markdown, "
            "--httpd-conf or --html");
}

void check_bug_report(const Options& options) {
    if (!options.bug_report) return;
    if (options.follow || options.diff || options.format != Format::table ||
        !options.html_file.empty())
        throw UsageError(
            "bug-report is Markdown about one client; it does not go with --follow, "
            "--diff, --html or another form");
}

void check_engine(const Options& options) {
    if (!options.inputs.empty())
        throw UsageError("--clickhouse asks an engine; it does not go with the log '" +
                         options.inputs.front() + "'");
    if (options.follow || options.bug_report || !options.live_urls.empty())
        throw UsageError(
            "--clickhouse is one look at a fleet; it does not go with --follow, --live or "
            "bug-report");
}

// What cannot be asked for together.
void check(const Options& options) {
    const bool is_live = !options.live_urls.empty();
    if (is_live && !options.inputs.empty())
        throw UsageError("--live asks servers; it does not go with the log '" +
                         options.inputs.front() + "'");
    if (is_live && (options.follow || options.diff || options.show_cookie || options.bug_report))
        throw UsageError(
            "--live looks at servers; it does not go with --follow, --diff, show or bug-report");
    check_watch(options);
    check_bug_report(options);
    if (!options.engine.url.empty()) check_engine(options);
    if (options.follow && (options.diff || options.show_cookie))
        throw UsageError("--follow does not go with --diff or show");
    if (options.format == Format::httpd_conf && options.by != Dimension::family)
        throw UsageError("--httpd-conf is about clients; it does not go with --by");
    if (options.diff && options.diff->first.starts_with("--"))
        throw UsageError("--diff '" + options.diff->first +
                         "' is no period and no log; A and B follow --diff at once");
    if (options.diff && options.format == Format::httpd_conf)
        throw UsageError("--httpd-conf is about one report; it does not go with --diff");
    if (!options.html_file.empty() && (options.diff || options.show_cookie))
        throw UsageError("--html '" + options.html_file + "' does not go with --diff or show");
}

}  // namespace

Options parse_options(int argc, const char* const* argv, Instant now) {
    const CommandLine line = parse_command_line(argc, argv);
    Options options;
    options.inputs = line.inputs;
    options.filter = filter_from(line, now);
    options.by = word_from<Dimension>("--by", line.by);
    if (line.has("--top")) options.top = line.top;
    options.sample_min = line.sample_min;
    options.format = format_from(line);
    options.html_file = line.html;
    if (line.is_show) options.show_cookie = cookie_from(line.cookie);
    if (line.diff.size() == 2) options.diff = {line.diff[0], line.diff[1]};
    if (line.has("--fail-if")) {
        options.fail_if = parse_fail_if(line.fail_if);
        if (!options.fail_if)
            throw UsageError("--fail-if '" + line.fail_if + "' is no condition; " + fail_if_help());
    }
    options.follow = line.follow;
    options.live_urls = live_urls_from(line.live);
    if (line.has("--watch")) options.watch = interval_from(line.watch);
    if (line.is_bug_report) options.bug_report = {line.client, line.command};
    if (line.has("--command") && !options.bug_report)
        throw UsageError("--command '" + line.command + "' is the client's, for bug-report");
    options.engine = engine_from(line);
    options.anonymize = line.anonymize;
    options.show_progress = !line.no_progress;
    options.ua_regexes = line.ua_regexes;
    check(options);
    return options;
}

}  // namespace finwait::report
