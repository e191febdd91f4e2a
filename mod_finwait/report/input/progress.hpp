// SPDX-License-Identifier: Apache-2.0
//
// How far reading has come, on one line of the standard error, for people who wait: only on a
// terminal, and only after half a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace finwait::report {

// As shown; `total` 0 is not known.
[[nodiscard]] std::string progress_text(std::uint64_t bytes, std::uint64_t total, double seconds);

class Progress {
  public:
    Progress(const std::vector<std::string>& files, bool is_wanted);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void at(std::uint64_t bytes_of_this_file);
    void file_done() {
        done_ += current_;
        current_ = 0;
    }

  private:
    using Clock = std::chrono::steady_clock;

    bool is_on_;
    bool is_shown_ = false;
    std::uint64_t total_ = 0;  // bytes of all files as they lie on the disk
    std::uint64_t done_ = 0;
    std::uint64_t current_ = 0;
    Clock::time_point begun_ = Clock::now();
    Clock::time_point next_;
};

}  // namespace finwait::report
