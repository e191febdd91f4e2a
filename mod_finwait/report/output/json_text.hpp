// SPDX-License-Identifier: Apache-2.0
//
// Writes JSON as text, indented by one space for each level. Text may be anything at all; what
// comes out is valid UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace finwait::report {

class JsonText {
  public:
    // Of the object or array that is open: in an object each value follows its key.
    JsonText& key(std::string_view name);
    void put(std::string_view text);
    void put(const char* text) { put(std::string_view(text)); }
    void put(const std::string& text) { put(std::string_view(text)); }
    void put(std::uint64_t number);
    void put(std::int64_t number);
    void put(double number);
    void put(bool is_true);
    void put_null();
    template <typename T>
    void put(const std::optional<T>& value) {
        value ? put(*value) : put_null();
    }
    template <typename T>
    void put(std::string_view name, const T& value) {
        key(name).put(value);
    }
    template <typename Texts>
    void put_all(std::string_view name, const Texts& texts) {
        key(name).begin('[');
        for (const auto& text : texts) put(text);
        end(']');
    }

    void begin(char bracket);
    void end(char bracket);

    [[nodiscard]] std::string text() && { return std::move(text_) + "\n"; }

  private:
    void next();
    template <typename Number>
    void append(Number number);

    std::string text_;
    std::size_t level_ = 0;
    bool is_first_ = true;
    bool has_key_ = false;
};

}  // namespace finwait::report
