// SPDX-License-Identifier: Apache-2.0
#include "clients/without_calls.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace finwait::test {
namespace {

constexpr char kEnd[] = "--";

constexpr sock_filter instruction(unsigned code, unsigned value) {
    return {static_cast<unsigned short>(code), 0, 0, value};
}

}  // namespace

std::vector<std::string> without_calls(int error, const std::vector<long>& calls) {
    std::vector<std::string> words{std::filesystem::read_symlink("/proc/self/exe"), kWithoutCalls,
                                   std::to_string(error)};
    for (const long call : calls) words.push_back(std::to_string(call));
    words.push_back(kEnd);
    return words;
}

int exec_without_calls(char** arguments) {
    const int error = std::atoi(*arguments++);
    const unsigned refusal = error == kKilled ? SECCOMP_RET_KILL_PROCESS
                                              : SECCOMP_RET_ERRNO | static_cast<unsigned>(error);
    std::vector<sock_filter> program{
        instruction(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (; std::strcmp(*arguments, kEnd) != 0; ++arguments) {
        const auto call = static_cast<unsigned>(std::atoi(*arguments));
        program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, call});
        program.push_back(instruction(BPF_RET | BPF_K, refusal));
    }
    program.push_back(instruction(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole) != 0) std::perror("PR_SET_SECCOMP");
    ::execvp(arguments[1], arguments + 1);
    std::perror(arguments[1]);
    return 127;
}

}  // namespace finwait::test
