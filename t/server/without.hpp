// SPDX-License-Identifier: Apache-2.0
//
// A program on a kernel without some system calls: this test program, run as
//     server-tests --without error,number[,number...] program [argument...]
// forbids them by seccomp and becomes the program.
#pragma once

#include <cerrno>
#include <string>
#include <vector>

namespace finwait::test {

constexpr int kKilled = 0;  // in place of an errno

// To put before a program's words (HttpdOptions::launcher). Each of these calls fails with `error`,
// or ends the process.
[[nodiscard]] std::vector<std::string> without(const std::vector<long>& calls, int error = ENOSYS);

// What main() does first: returns only if `argv` asks for something else, or it is impossible.
void become_program_without_calls(char** argv);

}  // namespace finwait::test
