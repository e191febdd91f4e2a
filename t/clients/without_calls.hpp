// SPDX-License-Identifier: Apache-2.0
//
// A program under a filter for system calls, as a service manager or a container puts it on.
#pragma once

#include <string>
#include <vector>

namespace finwait::test {

constexpr char kWithoutCalls[] = "--without-calls";
constexpr int kKilled = 0;  // in place of an errno

// What to put before a program and its arguments: these calls end it, or fail with this errno.
[[nodiscard]] std::vector<std::string> without_calls(int error, const std::vector<long>& calls);

// The main() of a test program that was started with kWithoutCalls as its first argument.
int exec_without_calls(char** arguments);

}  // namespace finwait::test
