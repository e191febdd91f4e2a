// SPDX-License-Identifier: Apache-2.0
//
// The one owner of a descriptor. Whatever way a descriptor comes into the closer, it is put into a
// UniqueFd at once, so that no odd path can leak it.
#pragma once

#include <unistd.h>

#include <utility>

namespace finwait {

class UniqueFd {
  public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~UniqueFd() { reset(); }

    [[nodiscard]] int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }

    // close() gives the number back even when it fails, so there is nothing to retry or to tell.
    void reset(int fd = -1) {
        const int old = std::exchange(fd_, fd);
        if (old >= 0) ::close(old);
    }

  private:
    int fd_ = -1;
};

}  // namespace finwait
