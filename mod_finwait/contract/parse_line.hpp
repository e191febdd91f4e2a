// SPDX-License-Identifier: Apache-2.0
//
// Reads the lines of a log of mod_finwait, whatever they are, and says what each one is.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "contract/parse_record.hpp"
#include "finwait/tally.hpp"

namespace finwait {

enum class LineKind : std::uint8_t {
    record,
    tally,
    dropped,
    foreign,  // a JSON object of an event that we do not know
    broken,   // not a JSON object, or one of our events with a member missing or out of range
};

class LogLineParser {
  public:
    // The line must be followed as RecordParser::parse() says.
    LineKind parse(std::string_view line);

    // Of the last line, each if it was of that kind.
    [[nodiscard]] const Close& close() const { return *close_; }
    [[nodiscard]] const TallyLine& tally() const { return *tally_; }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  private:
    LineKind parse_other(std::string_view line);

    RecordParser records_;
    const Close* close_ = nullptr;
    std::optional<TallyLine> tally_;
    std::uint64_t dropped_ = 0;
};

}  // namespace finwait
