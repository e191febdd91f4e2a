// SPDX-License-Identifier: Apache-2.0
//
// What every command needs of the machine around it.
#pragma once

#include <string>
#include <vector>

#include "report/families/families.hpp"
#include "report/input/reading.hpp"
#include "report/options.hpp"
#include "report/output/table.hpp"

namespace finwait::report {

// To the standard error, safe for a terminal.
void complain(const std::string& sentence);

[[nodiscard]] Families families_for(const Options& options);
[[nodiscard]] Screen screen_of_stdout();

// Throws UsageError if none is named and none is in the usual places.
[[nodiscard]] std::vector<std::string> logs_of(const Options& options, Reading& reading);

// At once, so that nobody ever reads half of it. Throws std::runtime_error.
void replace_file(const std::string& path, const std::string& text);

// Of each file that could not be read; the exit that this means.
[[nodiscard]] Exit complain_of_unreadable(const Reading& reading);

}  // namespace finwait::report
