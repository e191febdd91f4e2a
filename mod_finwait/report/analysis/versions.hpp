// SPDX-License-Identifier: Apache-2.0
//
// Orders versions by their numbers, so that 2.9 comes before 2.28.
#pragma once

#include <string>
#include <string_view>

namespace finwait::report {

[[nodiscard]] bool is_older(std::string_view a, std::string_view b);

// The oldest and the newest of those that were added; empty ones do not count.
class VersionRange {
  public:
    void add(const std::string& version);
    [[nodiscard]] std::string text() const;  // "2.28", "2.25 to 2.31", ""

  private:
    std::string oldest_, newest_;
};

}  // namespace finwait::report
