// SPDX-License-Identifier: Apache-2.0
#include "contract/json_line.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <system_error>

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

// What goes to the line in one piece: a Record has two dozen members, and is written at every
// close.
class Piece {
  public:
    void add(char c) { bytes_[size_++] = c; }
    void add(std::string_view text) {
        assert(size_ + text.size() <= bytes_.size());
        size_ += text.copy(bytes_.data() + size_, text.size());
    }
    void add(std::uint64_t number) {
        const auto [end, error] =
            std::to_chars(bytes_.data() + size_, bytes_.data() + bytes_.size(), number);
        assert(error == std::errc());
        size_ = static_cast<std::size_t>(end - bytes_.data());
    }
    void add_digits(unsigned number, std::size_t width) {
        for (std::size_t i = width; i-- > 0; number /= 10)
            bytes_[size_ + i] = static_cast<char>('0' + number % 10);
        size_ += width;
    }
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

  private:
    std::array<char, 128> bytes_;
    std::size_t size_ = 0;
};

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

template <typename Rest>
void JsonLine::add_member(std::string_view name, Rest add_rest) {
    Piece piece;
    if (!first_) piece.add(',');
    first_ = false;
    piece.add('"');
    piece.add(name);
    piece.add("\":");
    add_rest(piece);
    out_ += piece.text();
}

void JsonLine::add(std::string_view name, std::string_view text) {
    add_member(name, [](Piece& piece) { piece.add('"'); });
    append_json_escaped(out_, text);
    out_ += '"';
}

void JsonLine::add(std::string_view name, std::uint64_t number) {
    add_member(name, [number](Piece& piece) { piece.add(number); });
}

void JsonLine::add_true(std::string_view name) {
    add_member(name, [](Piece& piece) { piece.add("true"); });
}

void JsonLine::add(std::string_view name, std::chrono::milliseconds since_epoch) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
    const auto millis = static_cast<unsigned>((since_epoch - seconds).count());
    const auto days = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date{std::chrono::sys_days{days}};
    const std::chrono::hh_mm_ss time{seconds - days};

    add_member(name, [&](Piece& piece) {
        piece.add('"');
        piece.add_digits(static_cast<unsigned>(static_cast<int>(date.year())), 4);
        piece.add('-');
        piece.add_digits(static_cast<unsigned>(date.month()), 2);
        piece.add('-');
        piece.add_digits(static_cast<unsigned>(date.day()), 2);
        piece.add('T');
        piece.add_digits(static_cast<unsigned>(time.hours().count()), 2);
        piece.add(':');
        piece.add_digits(static_cast<unsigned>(time.minutes().count()), 2);
        piece.add(':');
        piece.add_digits(static_cast<unsigned>(time.seconds().count()), 2);
        piece.add('.');
        piece.add_digits(millis, 3);
        piece.add("Z\"");
    });
}

}  // namespace finwait
