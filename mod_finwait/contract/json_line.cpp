// SPDX-License-Identifier: Apache-2.0
#include "contract/json_line.hpp"

#include <charconv>

#include "contract/utf8.hpp"

namespace finwait {

namespace {

// What stands for itself between quotes.
constexpr std::array<bool, 256> kPlain = [] {
    std::array<bool, 256> plain{};
    for (unsigned c = 0x20; c <= 0x7E; ++c) plain[c] = c != '"' && c != '\\';
    return plain;
}();

std::size_t plain_prefix(std::string_view text) {
    std::size_t size = 0;
    while (size < text.size() && kPlain[static_cast<std::uint8_t>(text[size])]) ++size;
    return size;
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

char* copy(std::string_view text, char* to) {
    return to + text.copy(to, text.size());
}

char* put_digits(unsigned number, std::size_t width, char after, char* to) {
    for (std::size_t i = width; i-- > 0; number /= 10) to[i] = static_cast<char>('0' + number % 10);
    to[width] = after;
    return to + width + 1;
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const std::size_t plain = plain_prefix(text);
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        const bool is_ascii = static_cast<std::uint8_t>(text[0]) <= 0x7F;
        const std::size_t length = is_ascii ? 1 : utf8_length(text);
        if (is_ascii)
            append_escaped_ascii(out, text[0]);
        else
            out += length != 0 ? text.substr(0, length) : kReplacementCharacter;
        text.remove_prefix(length != 0 ? length : 1);
    }
}

void JsonLine::flush() {
    out_.append(piece_.data(), end_);
    end_ = piece_.data();
}

char* JsonLine::begin(std::string_view key, std::size_t value_size_max) {
    constexpr std::size_t kAround = 6;  // quotes, comma and colon
    if (room() < key.size() + value_size_max + kAround) flush();
    char* at = end_;
    *at++ = before_;
    before_ = ',';
    *at++ = '"';
    at = copy(key, at);
    *at++ = '"';
    *at++ = ':';
    return at;
}

void JsonLine::add_name(std::string_view key, std::string_view name) {
    char* at = begin(key, name.size());
    *at++ = '"';
    at = copy(name, at);
    *at++ = '"';
    end_ = at;
}

void JsonLine::add(std::string_view key, std::string_view text) {
    if (text.size() <= kPlainMax && plain_prefix(text) == text.size()) return add_name(key, text);
    end_ = begin(key, 0);
    flush();
    out_ += '"';
    append_json_escaped(out_, text);
    out_ += '"';
}

void JsonLine::add(std::string_view key, std::uint64_t number) {
    constexpr std::size_t kDigitsMax = 20;
    char* const at = begin(key, kDigitsMax);
    end_ = std::to_chars(at, at + kDigitsMax, number).ptr;
}

void JsonLine::add_true(std::string_view key) {
    constexpr std::string_view kTrue = "true";
    end_ = copy(kTrue, begin(key, kTrue.size()));
}

void JsonLine::add(std::string_view key, std::chrono::milliseconds since_epoch) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
    const auto millis = static_cast<unsigned>((since_epoch - seconds).count());
    const auto days = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date{std::chrono::sys_days{days}};
    const std::chrono::hh_mm_ss time{seconds - days};

    std::array<char, 24> text;  // YYYY-MM-DDThh:mm:ss.mmmZ
    char* at = text.data();
    at = put_digits(static_cast<unsigned>(static_cast<int>(date.year())), 4, '-', at);
    at = put_digits(static_cast<unsigned>(date.month()), 2, '-', at);
    at = put_digits(static_cast<unsigned>(date.day()), 2, 'T', at);
    at = put_digits(static_cast<unsigned>(time.hours().count()), 2, ':', at);
    at = put_digits(static_cast<unsigned>(time.minutes().count()), 2, ':', at);
    at = put_digits(static_cast<unsigned>(time.seconds().count()), 2, '.', at);
    at = put_digits(millis, 3, 'Z', at);
    add_name(key, {text.data(), at});
}

void JsonLine::end() {
    flush();
    out_ += "}\n";
}

}  // namespace finwait
