// SPDX-License-Identifier: Apache-2.0
#include "report/input/line_buffer.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

namespace finwait::report {

namespace {

// Fits the second-level cache, where the parser finds what was just read.
constexpr std::size_t kBlock = std::size_t{256} << 10;

}  // namespace

LineBuffer::LineBuffer() : bytes_(kLineMax + kBlock + simdjson::SIMDJSON_PADDING) {}

std::span<char> LineBuffer::room() {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    scanned_ -= begin_;
    begin_ = 0;
    return {bytes_.data() + end_, bytes_.size() - simdjson::SIMDJSON_PADDING - end_};
}

std::optional<std::string_view> LineBuffer::next() {
    if (skipping_ && !skip_rest_of_line()) return std::nullopt;
    const char* from = bytes_.data() + scanned_;
    const auto* newline = static_cast<const char*>(std::memchr(from, '\n', end_ - scanned_));
    if (newline == nullptr && end_ - begin_ < kLineMax) {
        scanned_ = end_;
        return std::nullopt;
    }
    const std::size_t line_end = newline ? static_cast<std::size_t>(newline - bytes_.data()) : end_;
    const std::size_t length = std::min(line_end - begin_, kLineMax);
    const std::string_view line(bytes_.data() + begin_, length);
    skipping_ = newline == nullptr;
    begin_ = scanned_ = newline ? line_end + 1 : line_end;
    return line;
}

bool LineBuffer::skip_rest_of_line() {
    const char* from = bytes_.data() + begin_;
    const auto* newline = static_cast<const char*>(std::memchr(from, '\n', end_ - begin_));
    skipping_ = newline == nullptr;
    begin_ = scanned_ = skipping_ ? end_ : static_cast<std::size_t>(newline - bytes_.data()) + 1;
    return !skipping_;
}

std::optional<std::string_view> LineBuffer::rest() {
    if (skipping_ || begin_ == end_) return std::nullopt;
    const std::string_view line(bytes_.data() + begin_, end_ - begin_);
    begin_ = scanned_ = end_;
    return line;
}

void LineBuffer::clear() {
    begin_ = scanned_ = end_ = 0;
    skipping_ = false;
}

}  // namespace finwait::report
