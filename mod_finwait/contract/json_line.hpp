// SPDX-License-Identifier: Apache-2.0
//
// Writes one flat JSON object to the end of a string. Text may be anything at all; what comes out
// is valid UTF-8 (RFC 3629) and valid JSON (RFC 8259) on one line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace finwait {

// Text as it stands between the quotes.
void append_json_escaped(std::string& out, std::string_view text);

class JsonLine {
  public:
    explicit JsonLine(std::string& out) : out_(out) { out_ += '{'; }

    // Keys are ours: short, and in no need of escaping.
    void add(std::string_view key, std::string_view text);
    void add(std::string_view key, std::uint64_t number);
    void add_true(std::string_view key);
    // RFC 3339 in UTC with milliseconds.
    void add(std::string_view key, std::chrono::milliseconds since_epoch);

    void end() { out_ += "}\n"; }

  private:
    template <typename Rest>
    void add_member(std::string_view name, Rest add_rest);

    std::string& out_;
    bool first_ = true;
};

}  // namespace finwait
