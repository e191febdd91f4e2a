// SPDX-License-Identifier: Apache-2.0

#include "server/without.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string_view>

namespace finwait::test {
namespace {

constexpr std::string_view kOption = "--without";

sock_filter step(int code, std::uint32_t value, std::uint8_t if_not = 0) {
    return {static_cast<std::uint16_t>(code), 0, if_not, value};
}

std::vector<sock_filter> filter_of(const std::string& calls) {
    std::vector<sock_filter> filter{step(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    std::istringstream numbers(calls);
    std::string number;
    std::getline(numbers, number, ',');
    const auto error = static_cast<std::uint32_t>(std::stoul(number));
    const std::uint32_t refusal =
        error == kKilled ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | error;
    while (std::getline(numbers, number, ',')) {
        filter.push_back(
            step(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(std::stoul(number)), 1));
        filter.push_back(step(BPF_RET | BPF_K, refusal));
    }
    filter.push_back(step(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    return filter;
}

}  // namespace

std::vector<std::string> without(const std::vector<long>& calls, int error) {
    std::string numbers = std::to_string(error);
    for (const long call : calls) numbers += "," + std::to_string(call);
    return {std::filesystem::read_symlink("/proc/self/exe"), std::string(kOption), numbers};
}

void become_program_without_calls(char** argv) {
    if (!argv[1] || argv[1] != kOption || !argv[2] || !argv[3]) return;
    std::vector<sock_filter> filter = filter_of(argv[2]);
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    // An ordinary user may filter only what can gain no privilege.
    if (::geteuid() != 0) ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) ::execvp(argv[3], argv + 3);
    ::perror(kOption.data());
    ::_exit(127);
}

}  // namespace finwait::test
