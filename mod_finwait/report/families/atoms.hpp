// SPDX-License-Identifier: Apache-2.0
//
// Finds many short texts in a long one at once. RE2 names for each regular expression the texts
// that must be there if it matches, so that few of hundreds have to be tried.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace finwait::report {

class Atoms {
  public:
    // No shorter ones, please.
    static constexpr int kSizeMin = 3;

    // In lower case, as RE2 gives them.
    explicit Atoms(std::vector<std::string> atoms = {});

    // Their numbers, in order. Upper case in the text counts as lower case, in ASCII: what has
    // other letters is always given.
    [[nodiscard]] std::vector<int> in(std::string_view text) const;

  private:
    std::vector<std::string> atoms_;
    absl::flat_hash_map<std::uint32_t, std::vector<int>> by_beginning_;
    std::vector<int> always_;
};

}  // namespace finwait::report
