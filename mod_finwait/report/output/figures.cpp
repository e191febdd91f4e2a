// SPDX-License-Identifier: Apache-2.0
#include "report/output/figures.hpp"

#include <array>
#include <cstdio>

#include "finwait/histogram.hpp"
#include "presentation/text.hpp"

namespace finwait::report {

namespace {

std::string decimal(double number, int digits) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, number);
    return text.data();
}

// As many digits as tell something.
std::string percents(double share) {
    const double percent = share * 100;
    return decimal(percent, percent != 0 && percent < 9.95 && percent > 0.05 ? 1 : 0);
}

std::string whole_or_one_digit(double share) {
    std::string text = percents(share);
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text;
}

}  // namespace

std::string percent_text(double share) {
    if (share > 0 && share < 0.0005) return "< 0.1 %";
    if (share < 1 && share >= 0.995) return "> 99 %";
    return whole_or_one_digit(share) + " %";
}

std::string interval_text(const Interval& shares) {
    return whole_or_one_digit(shares.low) + "–" + whole_or_one_digit(shares.high);
}

std::string bound_text(std::uint32_t ms) {
    if (ms == UINT32_MAX) return "> " + seconds_text(kFinWait2BoundsMs.back() / 1000.0);
    // The shared text says "1.0 s" and "5.0 s"; bounds are whole.
    if (ms >= 1000 && ms < 60'000) return std::to_string(ms / 1000) + " s";
    return seconds_text(ms / 1000.0);
}

std::string at_most_text(std::uint32_t ms) {
    return ms == UINT32_MAX ? bound_text(ms) : "≤ " + bound_text(ms);
}

std::string count_text(std::uint64_t number, std::size_t width_max) {
    std::string text = grouped(number);
    if (text.size() <= width_max) return text;
    constexpr std::array kUnits{"k", "M", "G", "T", "P", "E"};
    auto amount = static_cast<double>(number);
    std::size_t unit = 0;
    for (amount /= 1000; amount >= 999.5 && unit + 1 < kUnits.size(); ++unit) amount /= 1000;
    return decimal(amount, amount < 9.95 ? 1 : 0) + " " + kUnits[unit];
}

std::string counted(std::uint64_t number, const char* one, const char* many) {
    return grouped(number) + " " + (number == 1 ? one : many);
}

std::string addresses_text(const Row& row) {
    return (row.addresses_at_least ? "≥" : "") + count_text(row.addresses, 5);
}

std::string time_range_text(const Report& report) {
    if (!report.first || !report.last) return "";
    return time_text(*report.first).substr(0, 16) + " to " + time_text(*report.last).substr(0, 16) +
           " UTC";
}

std::string title_of(const Row& row) {
    if (row.name.empty()) return std::string(kNoUserAgent);
    return row.versions.empty() ? row.name : row.name + " " + row.versions;
}

std::string remedy_text(const Row& row) {
    if (row.tally.remedied.closes == 0) return "";
    const auto text = [](const Part& part, const char* stuck) {
        return percent_text(part.stuck.value()) + " of " + grouped(part.stuck.whole) + stuck +
               ", " + seconds_text(part.socket_seconds);
    };
    return "on remedy " + text(row.with_remedy(), " stuck") + "; without " +
           text(row.without_remedy(), "");
}

std::string remark_on(const Row& row, std::uint64_t sample_min) {
    std::string remark;
    const auto add = [&](const std::string& text) {
        remark += (remark.empty() ? "" : "; ") + text;
    };
    if (const std::string remedied = remedy_text(row); !remedied.empty()) add(remedied);
    if (row.peer) add("of all its users: none of them is to blame");
    if (!row.product.empty() && !row.name.starts_with(row.product)) add(row.product);
    if (row.judgement == Judgement::too_few && row.tally.stuck > 0)
        add("under " + std::to_string(sample_min) + " closes: too few to tell");
    if (!row.dominant || row.dominant->address == row.name) return remark;
    if (row.addresses > 1 && row.dominant->of_stuck.part > 1)
        add(percent_text(row.dominant->of_stuck.value()) + " from " + row.dominant->address);
    else if (row.judgement == Judgement::culprit)
        add("all from " + row.dominant->address);
    return remark;
}

}  // namespace finwait::report
