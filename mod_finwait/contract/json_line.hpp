// SPDX-License-Identifier: Apache-2.0
//
// Writes one flat JSON object to the end of a string. Text may be anything at all; what comes out
// is valid UTF-8 (RFC 3629) and valid JSON (RFC 8259) on one line.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace finwait {

// Text as it stands between the quotes.
void append_json_escaped(std::string& out, std::string_view text);

class JsonLine {
  public:
    explicit JsonLine(std::string& out) : out_(out) {}
    JsonLine(const JsonLine&) = delete;
    JsonLine& operator=(const JsonLine&) = delete;

    // Keys are ours: short, and in no need of escaping.
    void add(std::string_view key, std::string_view text);
    void add(std::string_view key, std::uint64_t number);
    void add_true(std::string_view key);
    // RFC 3339 in UTC with milliseconds.
    void add(std::string_view key, std::chrono::milliseconds since_epoch);
    // A word or an address of ours, as keys are.
    void add_name(std::string_view key, std::string_view name);

    void end();

  private:
    // Where the value goes, with room for it and its quotes.
    [[nodiscard]] char* begin(std::string_view key, std::size_t value_size_max);
    [[nodiscard]] std::size_t room() const {
        return static_cast<std::size_t>(piece_.data() + piece_.size() - end_);
    }
    void flush();

    static constexpr std::size_t kPlainMax = 512;  // of a text that goes into a piece

    std::string& out_;
    char before_ = '{';  // the next member
    // What goes to `out_` at once: a Record has two dozen members, and is written at every close.
    std::array<char, 1024> piece_;
    char* end_ = piece_.data();
};

}  // namespace finwait
