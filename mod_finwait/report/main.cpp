// SPDX-License-Identifier: Apache-2.0
#include <clocale>
#include <csignal>
#include <cstdio>
#include <exception>

#include "report/commands/commands.hpp"

using namespace finwait::report;

namespace {

int status_of(Exit exit) {
    return static_cast<int>(exit);
}

Exit run(const Options& options, Instant now) {
    if (options.watch) return watch_command(options);
    if (options.bug_report) return bug_report_command(options);
    if (options.show_cookie) return show_command(options);
    if (options.diff) return diff_command(options, now);
    return report_command(options, now);
}

Exit run(int argc, char** argv) {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    try {
        return run(parse_options(argc, argv, now), now);
    } catch (const Information& information) {
        std::fputs(information.text.c_str(), stdout);
        return Exit::done;
    } catch (const UsageError& error) {
        std::fprintf(stderr, "finwait-report: %s\n", error.what());
        return Exit::usage;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "finwait-report: %s\n", error.what());
        return Exit::unreadable;
    }
}

}  // namespace

int main(int argc, char** argv) {
    // Widths of characters; our output is UTF-8 whatever the locale.
    std::setlocale(LC_CTYPE, "C.UTF-8");
    // A reader that has seen enough (head, less) ends us without a word.
    std::signal(SIGPIPE, SIG_DFL);
    return status_of(run(argc, argv));
}
