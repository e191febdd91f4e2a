// SPDX-License-Identifier: Apache-2.0
//
// What reading the logs came to: how much there was, and how much of it could not be used. Nothing
// is left out silently.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "finwait/record.hpp"
#include "finwait/tally.hpp"

namespace finwait::report {

struct Place {
    std::string file;
    std::uint64_t line = 0;  // counted from 1
};

// Lines of one kind that tell nothing.
struct Skipped {
    std::uint64_t lines = 0;
    std::optional<Place> first;
};

struct Reading {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;  // after decompression
    std::uint64_t lines = 0;
    std::uint64_t records = 0;
    std::uint64_t tallies = 0;
    std::uint64_t dropped = 0;  // Records that the server could not write
    Skipped broken;
    Skipped foreign;
    std::vector<std::string> notes;       // of files read in part
    std::vector<std::string> unreadable;  // of files not read at all
};

// Where the lines go.
class Sink {
  public:
    virtual ~Sink() = default;
    virtual void take(const Close& close) = 0;
    virtual void take(const TallyLine& line) = 0;
};

}  // namespace finwait::report
