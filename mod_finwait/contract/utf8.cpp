// SPDX-License-Identifier: Apache-2.0
#include "contract/utf8.hpp"

#include <array>
#include <cstdint>

namespace finwait {

namespace {

struct Utf8Range {
    std::uint8_t first_lo, first_hi;    // range of the first byte
    std::uint8_t second_lo, second_hi;  // range of the second; any further ones are 80..BF
    std::size_t length;
};

// RFC 3629 section 4, UTF8-2 to UTF8-4: no overlong forms, no surrogates, nothing over U+10FFFF.
constexpr std::array<Utf8Range, 8> kUtf8{{
    {0xC2, 0xDF, 0x80, 0xBF, 2},
    {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3},
    {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4},
    {0xF4, 0xF4, 0x80, 0x8F, 4},
}};

bool is_within(char c, std::uint8_t lo, std::uint8_t hi) {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte >= lo && byte <= hi;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
    for (const Utf8Range& range : kUtf8) {
        if (!is_within(text[0], range.first_lo, range.first_hi)) continue;
        if (text.size() < range.length || !is_within(text[1], range.second_lo, range.second_hi))
            return 0;
        for (std::size_t i = 2; i < range.length; ++i)
            if (!is_within(text[i], 0x80, 0xBF)) return 0;
        return range.length;
    }
    return 0;
}

std::string_view bounded(std::string_view text, std::size_t size_max) {
    if (text.size() <= size_max) return text;
    constexpr std::size_t kContinuationMax = 3;  // RFC 3629: a character is at most four bytes
    std::size_t size = size_max;
    while (size > 0 && size_max - size < kContinuationMax &&
           (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
        --size;
    const bool at_boundary = (static_cast<unsigned char>(text[size]) & 0xC0) != 0x80;
    return text.substr(0, at_boundary ? size : size_max);
}

}  // namespace finwait
