// SPDX-License-Identifier: Apache-2.0
//
// What a process has open, to prove that nothing leaks.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>

namespace finwait::test {

inline std::size_t open_descriptors(const std::string& process = "self") {
    const std::filesystem::directory_iterator all("/proc/" + process + "/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace finwait::test
