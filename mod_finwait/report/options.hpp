// SPDX-License-Identifier: Apache-2.0
//
// What the command line asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "report/analysis/dimension.hpp"
#include "report/analysis/fail_if.hpp"
#include "report/analysis/filter.hpp"
#include "report/analysis/report.hpp"
#include "report/analysis/times.hpp"
#include "report/input/clickhouse.hpp"

namespace finwait::report {

enum class Exit : int { done = 0, failed_if = 1, usage = 2, unreadable = 3 };

enum class Format : std::uint8_t { table, json, csv, markdown, httpd_conf };

struct BugReportOptions {
    std::string client;
    std::string command;  // what makes it show the bug; "": not said
};

struct Options {
    std::vector<std::string> inputs;
    Filter filter;
    Dimension by = Dimension::family;
    std::optional<std::size_t> top;
    std::uint64_t sample_min = kSampleMin;
    Format format = Format::table;
    std::string html_file;
    std::optional<std::uint64_t> show_cookie;
    std::optional<std::pair<std::string, std::string>> diff;
    std::optional<FailIf> fail_if;
    bool follow = false;
    std::vector<std::string> live_urls;
    std::optional<std::chrono::milliseconds> watch;  // so often
    std::optional<BugReportOptions> bug_report;
    Engine engine;  // of a fleet; without a URL there is none
    bool anonymize = false;
    bool show_progress = true;
    std::string ua_regexes;  // "": Debian's, if it is installed
};

// A sentence that names the option, the value and the way out.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// --help and --version: the text to print, and nothing else to do.
struct Information {
    std::string text;
};

// Throws UsageError, or Information.
[[nodiscard]] Options parse_options(int argc, const char* const* argv, Instant now);

}  // namespace finwait::report
