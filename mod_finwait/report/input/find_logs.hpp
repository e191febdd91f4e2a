// SPDX-License-Identifier: Apache-2.0
//
// Which files the words of the command line mean.
#pragma once

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

// Where a log is if nobody chose another place.
[[nodiscard]] std::vector<std::string> usual_logs();

}  // namespace finwait::report
