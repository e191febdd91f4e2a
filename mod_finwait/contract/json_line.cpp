// SPDX-License-Identifier: Apache-2.0
#include "contract/json_line.hpp"

#include <array>
#include <charconv>

#include "contract/utf8.hpp"

namespace finwait {

namespace {

bool is_within(char c, std::uint8_t lo, std::uint8_t hi) {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte >= lo && byte <= hi;
}

void append_escaped_ascii(std::string& out, char c) {
    constexpr std::string_view hex = "0123456789abcdef";
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
    } else {
        out += "\\u00";
        out += hex[byte >> 4];
        out += hex[byte & 15];
    }
}

bool is_plain(char c) {
    return is_within(c, 0x20, 0x7E) && c != '"' && c != '\\';
}

void append_digits(std::string& out, unsigned number, unsigned width, char after) {
    std::array<char, 4> digits{};
    for (unsigned i = width; i-- > 0; number /= 10)
        digits[i] = static_cast<char>('0' + number % 10);
    out.append(digits.data(), width);
    out += after;
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
    while (!text.empty()) {
        std::size_t plain = 0;
        while (plain < text.size() && is_plain(text[plain])) ++plain;
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        const bool ascii = is_within(text[0], 0x00, 0x7F);
        const std::size_t length = ascii ? 1 : utf8_length(text);
        if (ascii)
            append_escaped_ascii(out, text[0]);
        else
            out += length != 0 ? text.substr(0, length) : kReplacementCharacter;
        text.remove_prefix(length != 0 ? length : 1);
    }
}

void JsonLine::key(std::string_view key) {
    out_ += first_ ? "\"" : ",\"";
    first_ = false;
    out_ += key;
    out_ += "\":";
}

void JsonLine::add(std::string_view name, std::string_view text) {
    key(name);
    out_ += '"';
    append_json_escaped(out_, text);
    out_ += '"';
}

void JsonLine::add(std::string_view name, std::uint64_t number) {
    key(name);
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out_.append(digits.data(), end);
}

void JsonLine::add(std::string_view name, std::chrono::milliseconds since_epoch) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
    const auto millis = static_cast<unsigned>((since_epoch - seconds).count());
    const auto days = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date{std::chrono::sys_days{days}};
    const std::chrono::hh_mm_ss time{seconds - days};

    key(name);
    out_ += '"';
    append_digits(out_, static_cast<unsigned>(static_cast<int>(date.year())), 4, '-');
    append_digits(out_, static_cast<unsigned>(date.month()), 2, '-');
    append_digits(out_, static_cast<unsigned>(date.day()), 2, 'T');
    append_digits(out_, static_cast<unsigned>(time.hours().count()), 2, ':');
    append_digits(out_, static_cast<unsigned>(time.minutes().count()), 2, ':');
    append_digits(out_, static_cast<unsigned>(time.seconds().count()), 2, '.');
    append_digits(out_, millis, 3, 'Z');
    out_ += '"';
}

}  // namespace finwait
