// SPDX-License-Identifier: Apache-2.0
//
// The directives' own value parsers, each against a plain statement of its grammar, and the URL of
// a backend, which a forward proxy's client writes.
#include "module/config/values.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

#include "module/connection/backend_url.hpp"

namespace {

using finwait::EnvCondition;

void require(bool condition) {
    if (!condition) std::abort();
}

// digits[kKmMgG] or "unlimited" in any case; what does not fit 63 bits is no size.
std::optional<std::uint64_t> expected_bytes(std::string_view text) {
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == b;
    };
    if (std::ranges::equal(text, std::string_view("unlimited"), same)) return UINT64_MAX;
    unsigned shift = 0;
    if (!text.empty()) {
        const int suffix = std::tolower(static_cast<unsigned char>(text.back()));
        shift = suffix == 'k' ? 10 : suffix == 'm' ? 20 : suffix == 'g' ? 30 : 0;
        if (shift != 0) text.remove_suffix(1);
    }
    if (text.empty()) return std::nullopt;
    unsigned __int128 number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        number = number * 10 + static_cast<unsigned>(c - '0');
        if (number > INT64_MAX) return std::nullopt;
    }
    number <<= shift;
    if (number > INT64_MAX) return std::nullopt;
    return static_cast<std::uint64_t>(number);
}

// What parse_env() accepts, written out again, is what it was given. No name begins with "!".
void check_env(const std::string& text) {
    const auto condition = finwait::parse_env(text);
    const bool negated = text.starts_with("env=!");
    const std::size_t before_name = negated ? 5 : 4;
    const bool has_name =
        text.starts_with("env=") && text.size() > before_name && text[before_name] != '!';
    require(condition.has_value() == has_name);
    if (!condition) return;
    require(condition->negated == negated);
    require((negated ? "env=!" : "env=") + std::string(condition->name) == text);
}

// Digits only, and at most one sign behind them; what is accepted is in its range.
void check_percent(const std::string& text) {
    const std::string digits = text.ends_with('%') ? text.substr(0, text.size() - 1) : text;
    const bool is_number =
        !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos;
    const std::string bare =
        is_number ? digits.substr(std::min(digits.find_first_not_of('0'), digits.size())) : "";
    const int wanted = bare.empty() || bare.size() > 3 ? 0 : std::stoi(bare);
    const auto percent = finwait::parse_percent(text);
    require(percent.has_value() == (wanted >= 1 && wanted <= 100));
    if (percent) require(*percent == wanted);
}

// What is found is an address and a port.
void check_backend(const std::string& text) {
    const auto ends = finwait::ends_of_proxied("proxy:ajp://" + text);
    require(ends.size() <= 2);
    for (const finwait::Endpoint& end : ends)
        require(end.family != finwait::Endpoint::Family::none && end.port != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    require(finwait::parse_bytes(text) == expected_bytes(text));
    check_env(text);
    check_percent(text);
    check_backend(text);
    return 0;
}
