// SPDX-License-Identifier: Apache-2.0
//
// The command line as it was written: its options by name, their values still text.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "report/analysis/report.hpp"

namespace finwait::report {

struct CommandLine {
    std::vector<std::string> inputs;
    std::string since, until, user_agent, family, vhost, network, outcome, cause;
    std::string by = "family", cookie, fail_if, html, clickhouse, password_file, ua_regexes;
    std::string watch, client, command;
    std::vector<std::string> diff, live;
    std::uint64_t top = 0, sample_min = kSampleMin;
    bool json = false, csv = false, markdown = false, httpd_conf = false;
    bool follow = false, anonymize = false, no_progress = false;
    bool is_show = false, is_bug_report = false;
    std::set<std::string> given;  // the options that were

    [[nodiscard]] bool has(const char* option) const { return given.contains(option); }
};

// Throws UsageError, or Information.
[[nodiscard]] CommandLine parse_command_line(int argc, const char* const* argv);

// All words of a table, for messages.
template <typename E>
std::string names_of() {
    std::string names;
    for (const auto& word : kWordsOf<E>) {
        if (!names.empty()) names += ", ";
        names += word.name;
    }
    return names;
}

}  // namespace finwait::report
