// SPDX-License-Identifier: Apache-2.0
#include "report/input/progress.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "presentation/text.hpp"

namespace finwait::report {

namespace {

using namespace std::chrono_literals;

constexpr auto kQuiet = 500ms;
constexpr auto kInterval = 200ms;

// Not known, hence 0, if one of them is a pipe.
std::uint64_t size_of_all(const std::vector<std::string>& files) {
    std::uint64_t bytes = 0;
    for (const std::string& file : files) {
        struct stat status {};
        if (stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
        bytes += static_cast<std::uint64_t>(status.st_size);
    }
    return bytes;
}

}  // namespace

std::string progress_text(std::uint64_t bytes, std::uint64_t total, double seconds) {
    const double rate = seconds > 0 ? static_cast<double>(bytes) / seconds : 0;
    std::string text = bytes_text(bytes);
    if (total >= bytes && total > 0)
        text += " of " + bytes_text(total) + " (" + std::to_string(bytes * 100 / total) + " %)";
    text += ", " + bytes_text(static_cast<std::uint64_t>(rate)) + "/s";
    if (total > bytes && rate > 0)
        text += ", " + seconds_text(static_cast<double>(total - bytes) / rate) + " left";
    return text;
}

Progress::Progress(const std::vector<std::string>& files, bool is_wanted)
    : is_on_(is_wanted && isatty(STDERR_FILENO) != 0), next_(begun_ + kQuiet) {
    if (is_on_) total_ = size_of_all(files);
}

Progress::~Progress() {
    if (is_shown_) std::fputs("\r\033[K", stderr);
}

void Progress::at(std::uint64_t bytes_of_this_file) {
    current_ = bytes_of_this_file;
    if (!is_on_ || Clock::now() < next_) return;
    next_ = Clock::now() + kInterval;
    is_shown_ = true;
    const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
    std::fprintf(stderr, "\r\033[K%s", progress_text(done_ + current_, total_, seconds).c_str());
}

}  // namespace finwait::report
