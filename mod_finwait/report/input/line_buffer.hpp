// SPDX-License-Identifier: Apache-2.0
//
// Cuts blocks of bytes into lines. Holds one block and never grows: of a line longer than kLineMax
// only its beginning is given, and the rest is passed over.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace finwait::report {

// Several times the longest line the closer writes (kRecordSizeMax, kTallyLineMax).
inline constexpr std::size_t kLineMax = std::size_t{64} << 10;

class LineBuffer {
  public:
    LineBuffer();

    // Where to read the next bytes to; never empty. Lines given before are gone.
    [[nodiscard]] std::span<char> room();
    void filled(std::size_t bytes) { end_ += bytes; }

    // The next whole line without its newline, followed by bytes that a parser may read.
    [[nodiscard]] std::optional<std::string_view> next();
    // What stands after the last newline, once there is nothing more to come.
    [[nodiscard]] std::optional<std::string_view> rest();
    void clear();

  private:
    bool skip_rest_of_line();

    std::vector<char> bytes_;
    std::size_t begin_ = 0;    // of what has not been given
    std::size_t scanned_ = 0;  // no newline before here
    std::size_t end_ = 0;
    bool skipping_ = false;  // within a line that was too long
};

}  // namespace finwait::report
