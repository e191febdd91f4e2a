// SPDX-License-Identifier: Apache-2.0
//
// Which files the words of the command line mean.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace finwait::report {

struct FoundLogs {
    std::vector<std::string> files;   // each once, however often it was named
    std::vector<std::string> errors;  // a sentence for each word that means nothing
};

// A word is a file, a glob pattern, "-", or a directory: then the files in it that have "finwait"
// in their name.
[[nodiscard]] FoundLogs find_logs(const std::vector<std::string>& words);

// Where httpd's own logs are, and so ours: Debian's layout, RHEL's, httpd's own.
inline constexpr const char* kUsualDirectories[] = {"/var/log/apache2", "/var/log/httpd",
                                                    "/usr/local/apache2/logs"};

// What has the name that the installed configuration gives, rotated or not. An error is only a
// directory that must not be read.
[[nodiscard]] FoundLogs logs_in(std::span<const char* const> directories);

}  // namespace finwait::report
