// SPDX-License-Identifier: Apache-2.0
//
// Reads Records one after the other, each in one pass over its line, and keeps the memory of the
// last for the next.
#pragma once

#include <simdjson.h>

#include <string_view>

#include "finwait/record.hpp"

namespace finwait {

class RecordParser {
  public:
    // After the line there must be SIMDJSON_PADDING bytes that may be read; what they are does not
    // matter. Null if the line is not a finwait.close Record. The Close is good until the next
    // call, and as long as the line is there.
    [[nodiscard]] const Close* parse(std::string_view line);

  private:
    bool read(simdjson::padded_string_view line);

    simdjson::ondemand::parser parser_;
    Close close_;
};

}  // namespace finwait
