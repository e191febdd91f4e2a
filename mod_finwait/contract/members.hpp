// SPDX-License-Identifier: Apache-2.0
//
// Reads the members of one line by key. One that is missing, mistyped or out of range spoils the
// whole line: ok() says so at the end. Only the parsers need simdjson.
#pragma once

#include <simdjson.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "contract/parse_time.hpp"

namespace finwait {

class Members {
  public:
    explicit Members(simdjson::dom::element object) : object_(object) {}

    std::string_view text(std::string_view key) {
        std::string_view value;
        if (object_[key].get(value) != simdjson::SUCCESS) ok_ = false;
        return value;
    }

    template <typename T>
    T number(std::string_view key) {
        std::uint64_t value = 0;
        if (object_[key].get(value) != simdjson::SUCCESS || value > std::numeric_limits<T>::max())
            ok_ = false;
        return static_cast<T>(value);
    }

    // "" where the key is missing.
    std::string_view optional_text(std::string_view key) {
        std::string_view value;
        const auto error = object_[key].get(value);
        if (error != simdjson::SUCCESS && error != simdjson::NO_SUCH_FIELD) ok_ = false;
        return value;
    }

    // 0 where the key is missing.
    std::uint64_t optional_number(std::string_view key) {
        std::uint64_t value = 0;
        const auto error = object_[key].get(value);
        if (error != simdjson::SUCCESS && error != simdjson::NO_SUCH_FIELD) ok_ = false;
        return error == simdjson::SUCCESS ? value : 0;
    }

    std::chrono::milliseconds time(std::string_view key) {
        const auto value = parse_time(text(key));
        if (!value) ok_ = false;
        return value.value_or(std::chrono::milliseconds{});
    }

    void spoil_unless(bool condition) {
        if (!condition) ok_ = false;
    }

    [[nodiscard]] bool ok() const { return ok_; }

  private:
    simdjson::dom::element object_;
    bool ok_ = true;
};

// Owns what the Members of its last line refer to.
class LineParser {
  public:
    // Nothing if the line is not a JSON object.
    std::optional<Members> parse(std::string_view line) {
        simdjson::dom::element object;
        if (parser_.parse(line.data(), line.size()).get(object) != simdjson::SUCCESS ||
            !object.is_object())
            return std::nullopt;
        return Members(object);
    }

  private:
    simdjson::dom::parser parser_;
};

}  // namespace finwait
