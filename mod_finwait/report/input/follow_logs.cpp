// SPDX-License-Identifier: Apache-2.0
#include "report/input/follow_logs.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "report/input/log_file.hpp"
#include "report/input/read_logs.hpp"

namespace finwait::report {

namespace {

using namespace std::chrono_literals;

constexpr timespec kLookInterval{0, 250'000'000};
constexpr auto kTellInterval = 1s;

// While these are blocked, waiting for one of them is also how we sleep.
class EndSignals {
  public:
    EndSignals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGINT);
        sigaddset(&set_, SIGTERM);
        sigprocmask(SIG_BLOCK, &set_, &before_);
    }
    ~EndSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
    EndSignals(const EndSignals&) = delete;
    EndSignals& operator=(const EndSignals&) = delete;

    // Whether one came within the interval.
    [[nodiscard]] bool wait() const { return sigtimedwait(&set_, nullptr, &kLookInterval) > 0; }

  private:
    sigset_t set_{}, before_{};
};

}  // namespace

GrowingLog::GrowingLog(std::string path, Sink& sink, Reading& reading)
    : path_(std::move(path)), reading_(reading), lines_(sink, reading) {
    if (!open())
        reading_.unreadable.push_back("cannot read '" + path_ + "': " + std::strerror(errno));
}

GrowingLog::~GrowingLog() {
    if (fd_ >= 0) close(fd_);
}

bool GrowingLog::open() {
    fd_ = path_ == "-" ? dup(STDIN_FILENO) : ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) return false;
    offset_ = 0;
    lines_.begin(path_ == "-" ? "(standard input)" : path_);
    return true;
}

bool GrowingLog::read_more() {
    const bool any = drain();
    if (path_ == "-") return any;
    reopen_if_replaced();
    return drain() || any;
}

bool GrowingLog::drain() {
    bool any = false;
    while (fd_ >= 0) {
        const auto room = lines_.room();
        const ssize_t bytes = read(fd_, room.data(), room.size());
        if (bytes <= 0) break;
        lines_.filled(static_cast<std::size_t>(bytes));
        offset_ += static_cast<std::uint64_t>(bytes);
        any = true;
    }
    return any;
}

void GrowingLog::reopen_if_replaced() {
    struct stat named {};
    struct stat held {};
    if (stat(path_.c_str(), &named) != 0) return;  // between rename and create
    const bool is_same = fd_ >= 0 && fstat(fd_, &held) == 0 && held.st_ino == named.st_ino &&
                         held.st_dev == named.st_dev;
    // logrotate's copytruncate leaves the file and takes what is in it.
    if (is_same && static_cast<std::uint64_t>(named.st_size) >= offset_) return;
    if (fd_ >= 0) {
        drain();
        lines_.end();
        close(fd_);
    }
    open();
}

void follow_logs(const std::vector<std::string>& files, Sink& sink, Reading& reading,
                 const std::function<void()>& came) {
    const EndSignals signals;
    std::vector<std::unique_ptr<GrowingLog>> growing;
    std::vector<std::string> finished;
    for (const std::string& file : files) {
        if (file != "-" && LogFile(file).is_compressed())
            finished.push_back(file);
        else
            growing.push_back(std::make_unique<GrowingLog>(file, sink, reading));
    }
    read_logs(finished, true, sink, reading);
    bool any = true;
    std::chrono::steady_clock::time_point told;
    do {
        for (const auto& log : growing) any = log->read_more() || any;
        const auto now = std::chrono::steady_clock::now();
        if (!any || now - told < kTellInterval) continue;
        came();
        told = now;
        any = false;
    } while (!signals.wait());
}

}  // namespace finwait::report
