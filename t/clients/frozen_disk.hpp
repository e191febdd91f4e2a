// SPDX-License-Identifier: Apache-2.0
//
// A file system of its own (ext4 on a loop device), which can be frozen: who writes to it then
// waits, and not even SIGKILL ends that, until it is thawed.
#pragma once

#include <string>

namespace finwait::test {

class FrozenDisk {
  public:
    // Mounted; not frozen yet. Throws where that cannot be done.
    explicit FrozenDisk(const std::string& beside);
    ~FrozenDisk();
    FrozenDisk(const FrozenDisk&) = delete;
    FrozenDisk& operator=(const FrozenDisk&) = delete;

    [[nodiscard]] const std::string& dir() const { return dir_; }
    void freeze();
    void thaw();

  private:
    std::string dir_;
    bool is_frozen_ = false;
};

}  // namespace finwait::test
