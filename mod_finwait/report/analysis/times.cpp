// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/times.hpp"

#include <array>
#include <charconv>
#include <ctime>
#include <string>

#include "contract/parse_time.hpp"

namespace finwait::report {

namespace {

using namespace std::chrono_literals;

struct Unit {
    std::string_view name;
    Instant length;
};
constexpr std::array kUnits{
    Unit{"s", 1s},       Unit{"sec", 1s},      Unit{"second", 1s},    Unit{"seconds", 1s},
    Unit{"min", 1min},   Unit{"minute", 1min}, Unit{"minutes", 1min}, Unit{"mi", 1min},
    Unit{"h", 1h},       Unit{"hour", 1h},     Unit{"hours", 1h},     Unit{"d", 24h},
    Unit{"day", 24h},    Unit{"days", 24h},    Unit{"w", 168h},       Unit{"week", 168h},
    Unit{"weeks", 168h},
};

int number_at(std::string_view text, std::size_t at, std::size_t length) {
    int number = 0;
    std::from_chars(text.data() + at, text.data() + at + length, number);
    return number;
}

std::tm local(Instant time) {
    const auto seconds =
        static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(time).count());
    std::tm fields{};
    localtime_r(&seconds, &fields);
    return fields;
}

Instant instant_of(std::tm fields) {
    fields.tm_isdst = -1;
    return std::chrono::seconds(std::mktime(&fields));
}

Instant midnight(Instant time, int days_later = 0) {
    std::tm fields = local(time);
    fields.tm_hour = fields.tm_min = fields.tm_sec = 0;
    fields.tm_mday += days_later;
    return instant_of(fields);
}

bool is_date(const std::tm& fields) {
    const std::chrono::year_month_day date{
        std::chrono::year(fields.tm_year + 1900),
        std::chrono::month(static_cast<unsigned>(fields.tm_mon + 1)),
        std::chrono::day(static_cast<unsigned>(fields.tm_mday))};
    return date.ok();
}

bool is_time_of_day(const std::tm& fields) {
    return fields.tm_hour < 24 && fields.tm_min < 60 && fields.tm_sec < 60;
}

// "14:00" or "14:00:30" at the beginning; takes it off.
bool take_time_of_day(std::string_view& text, std::tm& fields) {
    if (!has_shape(text.substr(0, 5), "00:00")) return false;
    fields.tm_hour = number_at(text, 0, 2);
    fields.tm_min = number_at(text, 3, 2);
    text.remove_prefix(5);
    if (has_shape(text.substr(0, 3), ":00")) {
        fields.tm_sec = number_at(text, 1, 2);
        text.remove_prefix(3);
    }
    return is_time_of_day(fields);
}

// ".007" at the beginning; takes it off.
Instant take_fraction(std::string_view& text) {
    if (text.empty() || text[0] != '.') return 0ms;
    const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    std::string digits(text.substr(1, std::min<std::size_t>(end - 1, 3)));
    digits.resize(3, '0');
    text.remove_prefix(end);
    return Instant(number_at(digits, 0, 3));
}

std::optional<Instant> parse_zoned(std::string_view zone, std::tm fields, Instant fraction) {
    if (zone.empty()) return instant_of(fields) + fraction;
    const Instant utc = std::chrono::seconds(timegm(&fields)) + fraction;
    if (zone == "Z" || zone == "z") return utc;
    if (!has_shape(zone.substr(1), "00:00") || (zone[0] != '+' && zone[0] != '-'))
        return std::nullopt;
    const auto offset =
        std::chrono::hours(number_at(zone, 1, 2)) + std::chrono::minutes(number_at(zone, 4, 2));
    return zone[0] == '+' ? utc - offset : utc + offset;
}

std::optional<Instant> parse_date_time(std::string_view text) {
    if (!has_shape(text.substr(0, 10), "0000-00-00")) return std::nullopt;
    std::tm fields{};
    fields.tm_year = number_at(text, 0, 4) - 1900;
    fields.tm_mon = number_at(text, 5, 2) - 1;
    fields.tm_mday = number_at(text, 8, 2);
    if (!is_date(fields)) return std::nullopt;
    text.remove_prefix(10);
    if (text.empty()) return instant_of(fields);
    if (text[0] != 'T' && text[0] != 't' && text[0] != ' ') return std::nullopt;
    text.remove_prefix(1);
    if (!take_time_of_day(text, fields)) return std::nullopt;
    const Instant fraction = take_fraction(text);
    return parse_zoned(text, fields, fraction);
}

std::optional<Instant> parse_time_of_day(std::string_view text, Instant now) {
    std::tm fields = local(now);
    fields.tm_sec = 0;
    if (!take_time_of_day(text, fields) || !text.empty()) return std::nullopt;
    return instant_of(fields);
}

// "2h ago", "90 minutes ago".
std::optional<Instant> parse_ago(std::string_view text, Instant now) {
    constexpr std::string_view kAgo = " ago";
    if (!text.ends_with(kAgo)) return std::nullopt;
    text.remove_suffix(kAgo.size());
    unsigned amount = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), amount);
    if (result.ec != std::errc{} || amount > 1'000'000) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(result.ptr - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
    for (const Unit& unit : kUnits)
        if (text == unit.name) return now - amount * unit.length;
    return std::nullopt;
}

}  // namespace

std::optional<Instant> parse_instant(std::string_view text, Instant now) {
    if (text == "now") return now;
    if (text == "today") return midnight(now);
    if (text == "yesterday") return midnight(now, -1);
    if (const auto time = parse_ago(text, now)) return time;
    if (const auto time = parse_date_time(text)) return time;
    return parse_time_of_day(text, now);
}

std::optional<Period> parse_period(std::string_view text, Instant now) {
    if (text == "today") return Period{midnight(now), midnight(now, 1)};
    if (text == "yesterday") return Period{midnight(now, -1), midnight(now)};
    if (has_shape(text, "0000-00-00")) {
        const auto day = parse_date_time(text);
        if (!day) return std::nullopt;
        return Period{day, midnight(*day, 1)};
    }
    const std::size_t dots = text.find("..");
    if (dots == std::string_view::npos) return std::nullopt;
    const std::string_view from = text.substr(0, dots), to = text.substr(dots + 2);
    Period period;
    if (!from.empty() && !(period.since = parse_instant(from, now))) return std::nullopt;
    if (!to.empty() && !(period.until = parse_instant(to, now))) return std::nullopt;
    return period;
}

}  // namespace finwait::report
