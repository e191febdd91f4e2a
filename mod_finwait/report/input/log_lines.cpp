// SPDX-License-Identifier: Apache-2.0
#include "report/input/log_lines.hpp"

#include <utility>

namespace finwait::report {

void LogLines::begin(std::string file) {
    buffer_.clear();
    place_ = {std::move(file), 0};
    ++reading_.files;
}

void LogLines::filled(std::size_t bytes) {
    buffer_.filled(bytes);
    reading_.bytes += bytes;
    while (const auto line = buffer_.next()) take(*line);
}

void LogLines::end() {
    if (const auto line = buffer_.rest()) take(*line);
}

void LogLines::take(std::string_view line) {
    ++place_.line;
    ++reading_.lines;
    switch (parser_.parse(line)) {
        case LineKind::record:
            ++reading_.records;
            return sink_.take(parser_.close());
        case LineKind::tally:
            ++reading_.tallies;
            return sink_.take(parser_.tally());
        case LineKind::dropped:
            reading_.dropped += parser_.dropped();
            return;
        case LineKind::foreign:
            return skip(reading_.foreign);
        case LineKind::broken:
            return skip(reading_.broken);
    }
}

void LogLines::skip(Skipped& skipped) {
    ++skipped.lines;
    if (!skipped.first) skipped.first = place_;
}

}  // namespace finwait::report
