// SPDX-License-Identifier: Apache-2.0
#include "report/command_line.hpp"

#include <CLI/CLI.hpp>
#include <utility>

#include "finwait/version.hpp"
#include "report/options.hpp"

namespace finwait::report {

namespace {

constexpr const char* kDescription =
    "Names the clients that leave a server's sockets in FIN_WAIT_2, from the log of mod_finwait.\n"
    "\n"
    "  finwait-report                              the usual places, all clients\n"
    "  finwait-report --since '2h ago' finwait.log\n"
    "  finwait-report --httpd-conf >finwait-culprits.conf\n"
    "  finwait-report --diff yesterday today\n"
    "  finwait-report --live http://127.0.0.1/finwait-status --watch\n"
    "  finwait-report --clickhouse http://report@engine:8123 --since yesterday\n"
    "  finwait-report show 14b83                   one connection's story\n"
    "  finwait-report bug-report python-requests   what to write to its makers\n";

class Parser {
  public:
    Parser() : app_(kDescription, "finwait-report") {
        app_.fallthrough();  // to the subcommands made from now on: options may follow them, too
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
        add_bug_report();
    }

    CommandLine parse(int argc, const char* const* argv) {
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
        words_.is_show = show_->parsed();
        words_.is_bug_report = bug_report_->parsed();
        for (const CLI::Option* option : app_.parse_order())
            words_.given.insert(option->get_name());
        return std::move(words_);
    }

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
        add("--outcome", words_.outcome, "one outcome: fin, late_fin, timeout, ...");
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
        app_.add_option("--live", words_.live, "ask servers' status pages instead of a log")
            ->type_name("URL")
            ->group(kGroup);
        app_.add_option("--watch", words_.watch, "do so every 2 seconds, as top does")
            ->type_name("SECONDS")
            ->expected(0, 1)
            ->group(kGroup);
        app_.add_option("--clickhouse", words_.clickhouse,
                        "ask a fleet's ClickHouse instead of a log: http://user@host:8123")
            ->group(kGroup);
        app_.add_option("--password-file", words_.password_file,
                        "its first line is ClickHouse's password; or FINWAIT_CLICKHOUSE_PASSWORD")
            ->group(kGroup);
    }

    void add_bug_report() {
        bug_report_ = app_.add_subcommand("bug-report", "write to the makers of a client");
        bug_report_
            ->add_option("client", words_.client, "as the first column names it, or it itself")
            ->required();
        bug_report_->add_option("files", words_.inputs, "logs");
        app_.add_option("--command", words_.command,
                        "for bug-report: what makes the client ask http://127.0.0.1:8080/ and stay")
            ->group("What to tell");
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
    CLI::App* bug_report_ = nullptr;
    CommandLine words_;
};

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
    return Parser().parse(argc, argv);
}

}  // namespace finwait::report
