// SPDX-License-Identifier: Apache-2.0
#include "closer/log/lines.hpp"

#include <cassert>

namespace finwait {

namespace {

// find() is memchr(), eight times as fast as std::count().
std::size_t lines_in(std::string_view text) {
    std::size_t lines = 0;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', end + 1))
        ++lines;
    return lines;
}

}  // namespace

void Lines::append(const Close& close, bool is_answerable) {
    append_record(text_, close);
    ++count_;
    if (!is_answerable) note(0);
}

void Lines::append(const TallyLine& line, std::uint64_t answerable) {
    append_tally(text_, line);
    ++count_;
    note(answerable);
}

void Lines::append_dropped(std::chrono::milliseconds since_epoch, std::uint64_t lines) {
    finwait::append_dropped(text_, since_epoch, lines);
    ++count_;
    note(0);
}

ClosesInLines Lines::wrote(std::size_t bytes) {
    assert(bytes <= unwritten().size());
    const std::size_t lines = lines_in(unwritten().substr(0, bytes));
    start_ += bytes;
    count_ -= lines;
    ClosesInLines closes{lines, 0};
    for (; next_note_ < notes_.size() && notes_[next_note_].end <= start_; ++next_note_) {
        --closes.records;
        closes.tallied += notes_[next_note_].tallied;
    }
    if (is_empty())
        clear();
    else if (lines > 0)
        line_start_ = text_.rfind('\n', start_ - 1) + 1;
    return closes;
}

ClosesInLines Lines::closes() const {
    ClosesInLines closes{count_ - (notes_.size() - next_note_), 0};
    for (std::size_t i = next_note_; i < notes_.size(); ++i) closes.tallied += notes_[i].tallied;
    return closes;
}

void Lines::clear() {
    text_.clear();
    if (text_.capacity() > 4 * kLogBatch) text_.shrink_to_fit();
    notes_.clear();
    start_ = line_start_ = next_note_ = 0;
}

}  // namespace finwait
