// SPDX-License-Identifier: Apache-2.0
#include "report/output/json_text.hpp"

#include <array>
#include <charconv>

#include "contract/json_line.hpp"

namespace finwait::report {

void JsonText::next() {
    if (has_key_) {
        has_key_ = false;
        return;
    }
    if (!is_first_) text_ += ',';
    is_first_ = false;
    if (level_ == 0) return;
    text_ += '\n';
    text_.append(level_, ' ');
}

JsonText& JsonText::key(std::string_view name) {
    put(name);
    text_ += ": ";
    has_key_ = true;
    return *this;
}

void JsonText::put(std::string_view text) {
    next();
    text_ += '"';
    append_json_escaped(text_, text);
    text_ += '"';
}

template <typename Number>
void JsonText::append(Number number) {
    next();
    std::array<char, 32> digits;
    text_.append(digits.data(),
                 std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void JsonText::put(std::uint64_t number) {
    append(number);
}

void JsonText::put(std::int64_t number) {
    append(number);
}

void JsonText::put(double number) {
    append(number);
}

void JsonText::put(bool is_true) {
    next();
    text_ += is_true ? "true" : "false";
}

void JsonText::put_null() {
    next();
    text_ += "null";
}

void JsonText::begin(char bracket) {
    next();
    text_ += bracket;
    ++level_;
    is_first_ = true;
}

void JsonText::end(char bracket) {
    --level_;
    if (!is_first_) {
        text_ += '\n';
        text_.append(level_, ' ');
    }
    text_ += bracket;
    is_first_ = false;
}

}  // namespace finwait::report
