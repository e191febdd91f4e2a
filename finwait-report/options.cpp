// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>

#include "finwait/version.hpp"

namespace finwait::report {

namespace {

constexpr const char* kDescription =
    "Names the clients that leave a server's sockets in FIN_WAIT_2, from the log of mod_finwait.\n"
    "\n"
    "  finwait-report                              the usual places, all clients\n"
    "  finwait-report --since '2h ago' finwait.log\n"
    "  finwait-report --httpd-conf >finwait-culprits.conf\n"
    "  finwait-report --diff yesterday today\n"
    "  finwait-report --live http://127.0.0.1/finwait-status\n"
    "  finwait-report show 14b83                   one connection's story";

template <typename E>
std::string names_of() {
    std::string names;
    for (const auto& word : kWordsOf<E>) {
        if (!names.empty()) names += ", ";
        names += word.name;
    }
    return names;
}

// What is said on the command line, still as text.
struct Words {
    std::vector<std::string> inputs;
    std::string since, until, user_agent, family, vhost, network, outcome, cause;
    std::string by = "family", cookie, fail_if, html, live, ua_regexes;
    std::vector<std::string> diff;
    std::uint64_t top = 0, sample_min = kSampleMin;
    bool json = false, csv = false, markdown = false, httpd_conf = false;
    bool follow = false, anonymize = false, no_progress = false;
};

class CommandLine {
  public:
    CommandLine() : app_(kDescription, "finwait-report") {
        app_.set_version_flag("--version", std::string("finwait-report ") + kVersion);
        app_.add_option(
            "files", words_.inputs,
            "logs, patterns, directories, or - for the standard input; compressed or not");
        add_filters();
        add_answers();
        add_formats();
        show_ = app_.add_subcommand("show", "tell the story of one connection");
        show_->add_option("cookie", words_.cookie, "as in the log, or after sk: in ss -e")
            ->required();
        show_->add_option("files", words_.inputs, "logs");
        app_.fallthrough();
    }

    const Words& parse(int argc, const char* const* argv) {
        try {
            app_.parse(argc, argv);
        } catch (const CLI::CallForHelp&) {
            throw Information{app_.help()};
        } catch (const CLI::CallForVersion& version) {
            throw Information{std::string(version.what()) + "\n"};
        } catch (const CLI::ParseError& error) {
            throw UsageError(std::string(error.what()) +
                             "; finwait-report --help lists all options");
        }
        return words_;
    }

    [[nodiscard]] bool has(const char* option) const { return app_.count(option) != 0; }
    [[nodiscard]] bool is_show() const { return show_->parsed(); }

  private:
    void add_filters() {
        constexpr const char* kGroup = "Which closes";
        const auto add = [&](const char* name, std::string& to, const char* what) {
            app_.add_option(name, to, what)->group(kGroup);
        };
        add("--since", words_.since,
            "from then on: 2026-11-22T14:00:00Z, '2h ago', yesterday, 14:00");
        add("--until", words_.until, "before then");
        add("--ua", words_.user_agent, "User-Agents in which this regular expression is found");
        add("--family", words_.family, "one client, as the first column names it");
        add("--vhost", words_.vhost, "one virtual host");
        add("--address", words_.network, "one address or network (192.0.2.0/24)");
        add("--outcome", words_.outcome, "one outcome: fin, late_fin, kernel_timeout, ...");
        add("--cause", words_.cause, "one cause: keepalive_timeout, client_asked, ...");
    }

    void add_answers() {
        constexpr const char* kGroup = "What to tell";
        app_.add_option("--by", words_.by, "one row for each: " + names_of<Dimension>())
            ->group(kGroup);
        app_.add_option("--top", words_.top, "so many rows")->group(kGroup);
        app_.add_option("--min", words_.sample_min, "a client with fewer closes is not judged")
            ->group(kGroup);
        app_.add_option(
                "--diff", words_.diff,
                "what changed from A to B: periods (yesterday, 2026-11-20..2026-11-21) or logs")
            ->expected(2)
            ->allow_extra_args(false)
            ->type_name("A B")
            ->group(kGroup);
        app_.add_option("--fail-if", words_.fail_if,
                        "end with status 1 if so: 'stuck>5%', 'culprits>0'")
            ->group(kGroup);
        app_.add_flag("--anonymize", words_.anonymize, "show networks (/24, /48) and no addresses")
            ->group(kGroup);
        app_.add_option("--ua-regexes", words_.ua_regexes, "uap-core's regexes.yaml")
            ->group(kGroup);
        app_.add_flag("--follow", words_.follow, "go on reading as lines come")->group(kGroup);
        app_.add_option("--live", words_.live, "ask a server's status page instead of a log")
            ->group(kGroup);
    }

    void add_formats() {
        constexpr const char* kGroup = "In which form";
        app_.add_flag("--json", words_.json, "for programs")->group(kGroup);
        app_.add_flag("--csv", words_.csv, "for spreadsheets")->group(kGroup);
        app_.add_flag("--markdown", words_.markdown, "for tickets")->group(kGroup);
        app_.add_flag("--httpd-conf", words_.httpd_conf, "what to put into httpd.conf")
            ->group(kGroup);
        app_.add_option("--html", words_.html, "write one self-contained page to this file")
            ->group(kGroup);
        app_.add_flag("--no-progress", words_.no_progress, "do not show how far reading has come")
            ->group(kGroup);
    }

    CLI::App app_;
    CLI::App* show_ = nullptr;
    Words words_;
};

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

Filter filter_from(const CommandLine& line, const Words& words, Instant now) {
    Filter filter;
    if (line.has("--since")) filter.since = instant_from("--since", words.since, now);
    if (line.has("--until")) filter.until = instant_from("--until", words.until, now);
    if (line.has("--ua")) filter.user_agent = regex_from(words.user_agent);
    if (line.has("--family")) filter.family = words.family;
    if (line.has("--vhost")) filter.vhost = words.vhost;
    if (line.has("--address")) filter.network = network_from(words.network);
    if (line.has("--outcome")) filter.outcome = word_from<Outcome>("--outcome", words.outcome);
    if (line.has("--cause")) filter.cause = word_from<Cause>("--cause", words.cause);
    return filter;
}

Format format_from(const Words& words) {
    struct Choice {
        bool is_chosen;
        Format format;
    };
    Format format = Format::table;
    int chosen = 0;
    for (const Choice choice :
         {Choice{words.json, Format::json}, Choice{words.csv, Format::csv},
          Choice{words.markdown, Format::markdown}, Choice{words.httpd_conf, Format::httpd_conf}}) {
        if (!choice.is_chosen) continue;
        format = choice.format;
        ++chosen;
    }
    if (chosen > 1)
        throw UsageError(
            "--json, --csv, --markdown and --httpd-conf exclude each other; choose one");
    return format;
}

// What cannot be asked for together.
void check(const Options& options) {
    const bool is_live = !options.live_url.empty();
    if (is_live && !options.inputs.empty())
        throw UsageError("--live asks a server; it does not go with the log '" +
                         options.inputs.front() + "'");
    if (is_live && (options.follow || options.diff || options.show_cookie))
        throw UsageError(
            "--live is one look at a server; it does not go with --follow, --diff or show");
    if (options.follow && (options.diff || options.show_cookie))
        throw UsageError("--follow does not go with --diff or show");
    if (options.format == Format::httpd_conf && options.by != Dimension::family)
        throw UsageError("--httpd-conf is about clients; it does not go with --by");
    if (options.diff && options.format != Format::table && options.format != Format::json)
        throw UsageError(
            "--diff is told as a table or with --json; the other forms do not go with it");
    if (!options.html_file.empty() && (options.diff || options.show_cookie))
        throw UsageError("--html '" + options.html_file + "' does not go with --diff or show");
}

}  // namespace

Options parse_options(int argc, const char* const* argv, Instant now) {
    CommandLine line;
    const Words& words = line.parse(argc, argv);
    Options options;
    options.inputs = words.inputs;
    options.filter = filter_from(line, words, now);
    options.by = word_from<Dimension>("--by", words.by);
    if (line.has("--top")) options.top = words.top;
    options.sample_min = words.sample_min;
    options.format = format_from(words);
    options.html_file = words.html;
    if (line.is_show()) options.show_cookie = cookie_from(words.cookie);
    if (words.diff.size() == 2) options.diff = {words.diff[0], words.diff[1]};
    if (line.has("--fail-if")) {
        options.fail_if = parse_fail_if(words.fail_if);
        if (!options.fail_if)
            throw UsageError("--fail-if '" + words.fail_if + "' is no condition; " +
                             fail_if_help());
    }
    options.follow = words.follow;
    options.live_url = words.live;
    options.anonymize = words.anonymize;
    options.show_progress = !words.no_progress;
    options.ua_regexes = words.ua_regexes;
    check(options);
    return options;
}

}  // namespace finwait::report
