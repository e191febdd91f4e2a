// SPDX-License-Identifier: Apache-2.0
//
// Starting a helper program from httpd's parent: in a session of its own, because prefork signals
// its whole process group at restart and a terminal's Ctrl-C does too; with every signal at its
// default; without a fork of our own, so that fork handlers do not run.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace finwait {

// Descriptor `from` of the parent becomes `to` in the program. Precondition: `from` is lifted(),
// so that it cannot be overwritten before its turn.
struct GivenDescriptor {
    int from;
    int to;
};

struct Program {
    std::string path;  // with `search_path`, looked up on PATH
    std::string name;  // how it is called (argv[0]); empty: as `path`
    std::vector<std::string> arguments;
    std::vector<GivenDescriptor> descriptors;
    const char* directory = nullptr;  // null: the parent's
    bool search_path = false;
    bool empty_environment = false;
};

// The process id, or -1 with errno set.
[[nodiscard]] pid_t spawn(const Program& program);

}  // namespace finwait
