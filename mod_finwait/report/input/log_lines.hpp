// SPDX-License-Identifier: Apache-2.0
//
// The lines of one file, as they come: parses each, counts it in the Reading, and gives it to the
// Sink.
#pragma once

#include <span>
#include <string>

#include "contract/parse_line.hpp"
#include "report/input/line_buffer.hpp"
#include "report/input/reading.hpp"

namespace finwait::report {

class LogLines {
  public:
    LogLines(Sink& sink, Reading& reading) : sink_(sink), reading_(reading) {}

    void begin(std::string file);
    [[nodiscard]] std::span<char> room() { return buffer_.room(); }
    void filled(std::size_t bytes);
    // A last line without a newline is taken if it is whole.
    void end();

  private:
    void take(std::string_view line);
    void skip(Skipped& skipped);

    Sink& sink_;
    Reading& reading_;
    LineBuffer buffer_;
    LogLineParser parser_;
    Place place_;
};

}  // namespace finwait::report
