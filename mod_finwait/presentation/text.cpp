// SPDX-License-Identifier: Apache-2.0
#include "presentation/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "contract/utf8.hpp"

namespace finwait {

namespace {

constexpr std::string_view kProxy = "proxy ";

void append_char(std::string& html, char c) {
    switch (c) {
        case '&':
            html += "&amp;";
            return;
        case '<':
            html += "&lt;";
            return;
        case '>':
            html += "&gt;";
            return;
        case '"':
            html += "&quot;";
            return;
        case '\'':
            html += "&#39;";
            return;
        default:
            break;
    }
    if (c == '\x7F')
        html += "&#9249;";
    else if (c >= '\0' && c < ' ')
        html.append("&#").append(std::to_string(0x2400 + c)).append(";");
    else
        html += c;
}

// Whole units of two neighbouring sizes.
std::string two_units(std::uint64_t number, std::uint64_t per_unit, const char* unit,
                      const char* smaller) {
    std::string text = std::to_string(number / per_unit) + " " + unit;
    if (number % per_unit != 0)
        text.append(" ").append(std::to_string(number % per_unit)).append(" ").append(smaller);
    return text;
}

template <typename... Arguments>
std::string formatted(const char* format, Arguments... arguments) {
    std::array<char, 64> buffer;
    const int size = std::snprintf(buffer.data(), buffer.size(), format, arguments...);
    return {buffer.data(), static_cast<std::size_t>(size)};
}

}  // namespace

std::string valid_utf8(std::string_view text) {
    std::string valid;
    while (!text.empty()) {
        const bool is_ascii = static_cast<unsigned char>(text[0]) < 0x80;
        const std::size_t length = is_ascii ? 1 : utf8_length(text);
        valid += length != 0 ? text.substr(0, length) : kReplacementCharacter;
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return valid;
}

void append_escaped(std::string& html, std::string_view text) {
    for (const char c : valid_utf8(text)) append_char(html, c);
}

std::string escaped(std::string_view text) {
    std::string html;
    append_escaped(html, text);
    return html;
}

std::string clipped(std::string_view text, std::size_t size_max) {
    if (text.size() <= size_max) return std::string(text);
    std::size_t size = size_max;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    return std::string(text.substr(0, size)) + "…";
}

std::string proxy_text(std::string_view address) {
    return std::string(kProxy).append(address);
}

std::string user_agent_text(std::string_view user_agent) {
    if (user_agent.empty()) return "(no User-Agent)";
    if (!user_agent.starts_with(kProxy)) return std::string(user_agent);
    return '"' + std::string(user_agent) + '"';
}

std::string grouped(std::uint64_t number) {
    const std::string digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i != 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

std::string bytes_text(std::uint64_t bytes) {
    if (bytes < 1000) return std::to_string(bytes) + " B";
    double amount = static_cast<double>(bytes);
    constexpr std::array kUnits{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    std::size_t unit = 0;
    for (; amount >= 999.95; ++unit) amount /= 1000;
    return formatted("%.1f %s", amount, kUnits[unit]);
}

std::string seconds_text(double seconds) {
    if (seconds <= 0) return "0 s";
    if (seconds < 0.9995) return formatted("%.0f ms", seconds * 1000);
    if (seconds < 59.95) return formatted(seconds < 9.95 ? "%.1f s" : "%.0f s", seconds);
    const auto minutes = static_cast<std::uint64_t>(seconds / 60 + 0.5);
    if (minutes < 60) return std::to_string(minutes) + " min";
    if (minutes < 48 * 60) return two_units(minutes, 60, "h", "min");
    return two_units(minutes / 60, 24, "d", "h");
}

std::string hex_text(std::uint64_t number) {
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
    return {digits.data(), end};
}

std::string number_text(double number) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return {digits.data(), end};
}

std::string time_text(std::chrono::milliseconds since_epoch) {
    using namespace std::chrono;
    const auto second = floor<seconds>(since_epoch);
    const auto day = floor<days>(second);
    const year_month_day date{sys_days{day}};
    const hh_mm_ss time{second - day};
    return formatted("%04d-%02u-%02u %02d:%02d:%02d UTC", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     static_cast<int>(time.hours().count()),
                     static_cast<int>(time.minutes().count()),
                     static_cast<int>(time.seconds().count()));
}

}  // namespace finwait
