// SPDX-License-Identifier: Apache-2.0
//
// What a test reads from the other side of a log.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "closer/unique_fd.hpp"

namespace finwait::test {

inline std::pair<UniqueFd, UniqueFd> make_pipe() {
    int ends[2];
    EXPECT_EQ(0, ::pipe2(ends, O_CLOEXEC));
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

inline std::string read_available(const UniqueFd& from) {
    ::fcntl(from.get(), F_SETFL, O_NONBLOCK);
    std::string all;
    std::array<char, 65536> bytes;
    for (ssize_t size; (size = ::read(from.get(), bytes.data(), bytes.size())) > 0;)
        all.append(bytes.data(), static_cast<std::size_t>(size));
    return all;
}

inline std::string read_file(const UniqueFd& file) {
    ::lseek(file.get(), 0, SEEK_SET);
    return read_available(file);
}

inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

}  // namespace finwait::test
