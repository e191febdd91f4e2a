// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/fail_if.hpp"

#include <array>
#include <cmath>
#include <string>

namespace finwait::report {

struct Metric {
    std::string_view name;
    std::string_view unit;  // "%", "s" or none
    double (*value)(const Report&);
};

namespace {

double quantile_seconds(const Row& row, double share) {
    const std::uint32_t ms = row.quantile_ms(share);
    return ms == UINT32_MAX ? HUGE_VAL : ms / 1000.0;
}

constexpr std::array kMetrics{
    Metric{"stuck", "%", [](const Report& report) { return report.all.stuck().value() * 100; }},
    Metric{"stuck", "",
           [](const Report& report) { return static_cast<double>(report.all.tally.stuck); }},
    Metric{"p50", "s", [](const Report& report) { return quantile_seconds(report.all, 0.5); }},
    Metric{"p99", "s", [](const Report& report) { return quantile_seconds(report.all, 0.99); }},
    Metric{"socket-time", "s", [](const Report& report) { return report.all.socket_seconds(); }},
    Metric{"closes", "",
           [](const Report& report) { return static_cast<double>(report.all.tally.closes); }},
    Metric{"culprits", "",
           [](const Report& report) { return static_cast<double>(report.culprits().size()); }},
    Metric{"broken", "",
           [](const Report& report) { return static_cast<double>(report.reading.broken.lines); }},
};

struct TimeUnit {
    std::string_view name;
    double seconds;
};
constexpr std::array kTimeUnits{TimeUnit{"ms", 0.001}, TimeUnit{"s", 1}, TimeUnit{"min", 60},
                                TimeUnit{"h", 3600}, TimeUnit{"d", 86400}};

struct Amount {
    double value = 0;
    std::string_view unit;
};

std::optional<Amount> parse_amount(std::string_view text) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::string digits(text.substr(0, end));
    char* last = nullptr;
    const double value = std::strtod(digits.c_str(), &last);
    if (digits.empty() || *last != '\0') return std::nullopt;
    const std::string_view unit = text.substr(end);
    for (const TimeUnit& time : kTimeUnits)
        if (unit == time.name) return Amount{value * time.seconds, "s"};
    return Amount{value, unit};
}

std::string without_spaces(std::string_view text) {
    std::string packed;
    for (const char c : text)
        if (c != ' ') packed += c;
    return packed;
}

}  // namespace

bool FailIf::holds(const Report& report) const {
    const double actual = metric->value(report);
    if (or_equal && actual == value) return true;
    return is_greater ? actual > value : actual < value;
}

std::optional<FailIf> parse_fail_if(std::string_view text) {
    const std::string packed = without_spaces(text);
    std::string_view rest = packed;
    const std::size_t sign = rest.find_first_of("<>");
    if (sign == std::string_view::npos) return std::nullopt;
    const std::string_view name = rest.substr(0, sign);
    FailIf condition;
    condition.is_greater = rest[sign] == '>';
    rest.remove_prefix(sign + 1);
    condition.or_equal = rest.starts_with('=');
    if (condition.or_equal) rest.remove_prefix(1);
    const auto amount = parse_amount(rest);
    if (!amount) return std::nullopt;
    condition.value = amount->value;
    for (const Metric& metric : kMetrics)
        if (metric.name == name && metric.unit == amount->unit) condition.metric = &metric;
    return condition.metric ? std::optional(condition) : std::nullopt;
}

std::string fail_if_help() {
    return "use stuck>5%, stuck>100, p50>2s, p99>10s, socket-time>1h, closes<1, culprits>0 or "
           "broken>0, with >, >=, < or <=";
}

}  // namespace finwait::report
