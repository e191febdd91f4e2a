// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "report/input/reading.hpp"

namespace finwait::report {

// Reads all lines of all files, in any order. A file that cannot be read, or not to its end, is
// told in `reading`, and the others are read all the same.
void read_logs(const std::vector<std::string>& files, bool show_progress, Sink& sink,
               Reading& reading);

}  // namespace finwait::report
