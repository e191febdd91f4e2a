// SPDX-License-Identifier: Apache-2.0
//
// A program on a kernel without some system calls: this test program, run as
//     server-tests --without number[,number...] program [argument...]
// forbids them by seccomp (ENOSYS) and becomes the program.
#pragma once

#include <string>
#include <vector>

namespace finwait::test {

// To put before a program's words (HttpdOptions::launcher).
[[nodiscard]] std::vector<std::string> without(const std::vector<long>& calls);

// What main() does first: returns only if `argv` asks for something else, or it is impossible.
void become_program_without_calls(char** argv);

}  // namespace finwait::test
