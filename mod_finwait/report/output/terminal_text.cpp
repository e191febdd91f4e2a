// SPDX-License-Identifier: Apache-2.0
#include "report/output/terminal_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cwchar>

#include "presentation/text.hpp"

namespace finwait::report {

namespace {

struct Character {
    std::string_view bytes;
    char32_t point = 0;
};

// Precondition: `text` is well-formed UTF-8 and not empty.
Character first_of(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i)
        point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
    return {text.substr(0, length), point};
}

bool is_within(char32_t point, char32_t first, char32_t last) {
    return point >= first && point <= last;
}

// C0, DEL and C1; marks of direction and other characters that only act on their neighbours.
bool is_active(char32_t point) {
    return point < 0x20 || is_within(point, 0x7F, 0x9F) || point == 0xAD || point == 0x061C ||
           is_within(point, 0x200B, 0x200F) || is_within(point, 0x2028, 0x202E) ||
           is_within(point, 0x2060, 0x206F) || point == 0xFEFF ||
           is_within(point, 0xFFF0, 0xFFFB) || is_within(point, 0xE0000, 0xE0FFF);
}

std::string spelled(char32_t point) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), point < 0x100 ? "\\x%02x" : "\\u%04x",
                  static_cast<unsigned>(point));
    return text.data();
}

std::size_t columns_of(char32_t point) {
    const int columns = wcwidth(static_cast<wchar_t>(point));
    return columns < 0 ? 1 : static_cast<std::size_t>(columns);
}

}  // namespace

std::string terminal_text(std::string_view text) {
    const std::string valid = valid_utf8(text);
    std::string safe;
    for (std::string_view rest = valid; !rest.empty();) {
        const Character first = first_of(rest);
        if (is_active(first.point))
            safe += spelled(first.point);
        else
            safe += first.bytes;
        rest.remove_prefix(first.bytes.size());
    }
    return safe;
}

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    while (!text.empty()) {
        const Character first = first_of(text);
        columns += columns_of(first.point);
        text.remove_prefix(first.bytes.size());
    }
    return columns;
}

std::string fitted(std::string_view text, std::size_t columns_max) {
    if (columns_of(text) <= columns_max) return std::string(text);
    std::string cut;
    std::size_t columns = 1;  // the ellipsis
    while (!text.empty()) {
        const Character first = first_of(text);
        columns += columns_of(first.point);
        if (columns > columns_max) break;
        cut += first.bytes;
        text.remove_prefix(first.bytes.size());
    }
    return cut + "…";
}

std::string left(std::string_view text, std::size_t columns) {
    std::string field = fitted(text, columns);
    field.append(columns - std::min(columns, columns_of(field)), ' ');
    return field;
}

std::string right(std::string_view text, std::size_t columns) {
    const std::string field = fitted(text, columns);
    return std::string(columns - std::min(columns, columns_of(field)), ' ') + field;
}

std::string wrapped(std::string_view text, std::size_t columns_max) {
    std::string lines;
    std::size_t column = 0;
    while (!text.empty()) {
        const std::size_t length = std::min(text.find(' '), text.size());
        const std::string word = fitted(text.substr(0, length), columns_max);
        const std::size_t columns = columns_of(word);
        if (column != 0 && column + 1 + columns > columns_max) {
            lines += '\n';
            column = 0;
        }
        if (column != 0) lines += ' ';
        lines += word;
        column += columns + (column != 0 ? 1 : 0);
        text.remove_prefix(std::min(length + 1, text.size()));
    }
    return lines;
}

}  // namespace finwait::report
