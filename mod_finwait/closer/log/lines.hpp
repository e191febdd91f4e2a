// SPDX-License-Identifier: Apache-2.0
//
// Whole lines on their way into one log, and which closes they account for.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "finwait/record.hpp"
#include "finwait/tally.hpp"

namespace finwait {

inline constexpr std::size_t kLogBatch = std::size_t{256} << 10;  // written without waiting

// Closes that lines of their first log account for.
struct ClosesInLines {
    std::uint64_t records = 0;  // by a Record
    std::uint64_t tallied = 0;  // by a tally line

    [[nodiscard]] std::uint64_t closes() const { return records + tallied; }
};

class Lines {
  public:
    // `is_answerable`: this line accounts for the close.
    void append(const Close& close, bool is_answerable);
    // `answerable` closes are accounted for by this line.
    void append(const TallyLine& line, std::uint64_t answerable);
    void append_dropped(std::chrono::milliseconds since_epoch, std::uint64_t lines);

    [[nodiscard]] bool is_empty() const { return start_ == text_.size(); }
    [[nodiscard]] std::string_view unwritten() const {
        return std::string_view(text_).substr(start_);
    }
    [[nodiscard]] bool is_within_a_line() const { return start_ != line_start_; }
    // For a reader who has not got the first part of a line.
    void begin_line_anew() { start_ = line_start_; }

    // So much of unwritten() has been written: the closes that this accounts for.
    [[nodiscard]] ClosesInLines wrote(std::size_t bytes);

    // Of all that is not wholly written.
    [[nodiscard]] std::size_t bytes() const { return text_.size() - line_start_; }
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] ClosesInLines closes() const;

  private:
    // About a line that is not a Record which accounts for its close.
    struct Note {
        std::size_t end;
        std::uint64_t tallied;
    };

    void note(std::uint64_t tallied) { notes_.push_back({text_.size(), tallied}); }
    void clear();

    std::string text_;
    std::size_t start_ = 0;       // first byte not written
    std::size_t line_start_ = 0;  // first byte of the line that start_ is in
    std::size_t count_ = 0;
    std::vector<Note> notes_;  // in the order of their ends
    std::size_t next_note_ = 0;
};

}  // namespace finwait
