// SPDX-License-Identifier: Apache-2.0
//
// Reads the members of one line by key. One that is missing, mistyped or out of range spoils the
// whole line: ok() says so at the end. Only the parsers need simdjson.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "finwait/words.hpp"

namespace finwait {

class Members {
  public:
    explicit Members(simdjson::dom::element object) : object_(object) {}

    std::string_view text(std::string_view key) {
        std::string_view value;
        if (object_[key].get(value) != simdjson::SUCCESS) ok_ = false;
        return value;
    }

    std::string_view optional_text(std::string_view key) {
        std::string_view value;
        return object_[key].get(value) == simdjson::SUCCESS ? value : std::string_view{};
    }

    template <typename T>
    T number(std::string_view key) {
        std::uint64_t value = 0;
        if (object_[key].get(value) != simdjson::SUCCESS || value > std::numeric_limits<T>::max())
            ok_ = false;
        return static_cast<T>(value);
    }

    // 0 where the key is missing.
    std::uint64_t optional_number(std::string_view key) {
        std::uint64_t value = 0;
        const auto error = object_[key].get(value);
        if (error != simdjson::SUCCESS && error != simdjson::NO_SUCH_FIELD) ok_ = false;
        return error == simdjson::SUCCESS ? value : 0;
    }

    template <typename E>
    E word(std::string_view name) {
        const auto value = word_named<E>(name);
        if (!value) ok_ = false;
        return value.value_or(E{});
    }

    void spoil_unless(bool condition) {
        if (!condition) ok_ = false;
    }

    [[nodiscard]] bool ok() const { return ok_; }

  private:
    simdjson::dom::element object_;
    bool ok_ = true;
};

inline bool has_shape(std::string_view text, std::string_view shape) {
    return std::equal(text.begin(), text.end(), shape.begin(), shape.end(), [](char c, char like) {
        return like == '0' ? c >= '0' && c <= '9' : c == like;
    });
}

// Exactly the form JsonLine writes.
inline std::chrono::milliseconds parse_time(Members& members, std::string_view text) {
    if (!has_shape(text, "0000-00-00T00:00:00.000Z")) {
        members.spoil_unless(false);
        return {};
    }
    const auto number = [&](std::size_t at, std::size_t length) {
        int value = 0;
        std::from_chars(text.data() + at, text.data() + at + length, value);
        return value;
    };
    const std::chrono::year_month_day date{std::chrono::year{number(0, 4)},
                                           std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                           std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
    members.spoil_unless(date.ok() && hour < 24 && minute < 60 && second < 60);
    if (!members.ok()) return {};
    return std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{hour} +
           std::chrono::minutes{minute} + std::chrono::seconds{second} +
           std::chrono::milliseconds{number(20, 3)};
}

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
