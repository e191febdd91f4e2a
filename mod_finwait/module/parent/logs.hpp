// SPDX-License-Identifier: Apache-2.0
//
// The logs that FinWaitLog names: opened by the parent (as root), written by the closer. A log
// keeps its id for as long as httpd runs, so that a child of an older generation can still name it.
// A file is opened anew by every restart; a program is kept while the configuration names it, and
// its pipe is kept even while the program itself is replaced, so that no line in it is lost.
//
// Runs in the parent only.
#pragma once

#include <vector>

#include "module/parent/runtime.hpp"

namespace finwait {

// Opens every log the configuration names and writes its id into the directives. One that cannot be
// opened, or is beyond kLogsMax, has a line in the error log and no descriptor: its Records are
// dropped and counted, the server goes on. One that is open stays open then.
void open_logs(Runtime& runtime, server_rec* main_server, apr_pool_t* pconf);

// Closes the logs that neither this configuration nor the one before it names; children of the one
// before may still be finishing. Their ids.
[[nodiscard]] std::vector<std::uint16_t> close_unused_logs(Runtime& runtime);

// Closing the pipes is what tells the programs to end.
void close_all_logs(Runtime& runtime);

}  // namespace finwait
