// SPDX-License-Identifier: Apache-2.0
#include "module/config/values.hpp"

#include <algorithm>
#include <charconv>

namespace finwait {

namespace {

constexpr std::uint64_t kBytesMax = INT64_MAX;

std::optional<unsigned> suffix_shift(std::string_view suffix) {
    if (suffix.empty()) return 0;
    if (suffix.size() > 1) return std::nullopt;
    switch (suffix[0]) {
        case 'k':
        case 'K':
            return 10;
        case 'm':
        case 'M':
            return 20;
        case 'g':
        case 'G':
            return 30;
        default:
            return std::nullopt;
    }
}

constexpr char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

bool is_word(std::string_view value, std::string_view word) {
    return std::ranges::equal(value, word, {}, lower);
}

std::optional<std::uint64_t> parse_bytes(std::string_view value) {
    if (is_word(value, "unlimited")) return kUnlimitedBytes;
    std::uint64_t number = 0;
    const char* end = value.data() + value.size();
    const auto [digits_end, error] = std::from_chars(value.data(), end, number);
    if (error != std::errc{}) return std::nullopt;
    const auto shift = suffix_shift({digits_end, static_cast<std::size_t>(end - digits_end)});
    if (!shift || number > (kBytesMax >> *shift)) return std::nullopt;
    return number << *shift;
}

std::optional<std::uint32_t> parse_number(std::string_view value, std::uint32_t min,
                                          std::uint32_t max) {
    std::uint32_t number = 0;
    const char* end = value.data() + value.size();
    const auto result = std::from_chars(value.data(), end, number);
    if (result.ec != std::errc{} || result.ptr != end || number < min || number > max)
        return std::nullopt;
    return number;
}

std::optional<std::uint8_t> parse_percent(std::string_view value) {
    if (value.ends_with('%')) value.remove_suffix(1);
    const auto number = parse_number(value, 1, 100);
    return number ? std::optional(static_cast<std::uint8_t>(*number)) : std::nullopt;
}

std::optional<Method> parse_method(std::string_view value) {
    for (const auto& word : kMethods)
        if (is_word(value, word.name)) return word.value;
    return std::nullopt;
}

std::optional<EnvCondition> parse_env(std::string_view value) {
    constexpr std::string_view prefix = "env=";
    if (!value.starts_with(prefix)) return std::nullopt;
    value.remove_prefix(prefix.size());
    const bool negated = value.starts_with('!');
    if (negated) value.remove_prefix(1);
    if (value.empty() || value.starts_with('!')) return std::nullopt;
    return EnvCondition{value, negated};
}

}  // namespace finwait
