// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>

#include "module/status/page.hpp"
#include "presentation/text.hpp"

namespace finwait {

namespace {

// One unit of width per point; the picture is stretched to the page, its labels stand beside it.
constexpr std::size_t kWidth = kHistoryPoints;
constexpr std::uint64_t kHeight = 100;

// The least of 1, 2, 5 times a power of ten that is not less.
std::uint64_t round_up(std::uint64_t number) {
    for (std::uint64_t power = 1;; power *= 10)
        for (const std::uint64_t step : {1U, 2U, 5U})
            if (step * power >= number) return step * power;
}

// The area under one series, in steps.
std::string area(const std::vector<HistoryPoint>& hour, std::uint64_t top, std::string_view kind,
                 const std::function<std::uint64_t(const HistoryPoint&)>& value) {
    const std::size_t first = kWidth - hour.size();
    std::string path = "M" + std::to_string(first) + " " + std::to_string(kHeight);
    for (std::size_t i = 0; i < hour.size(); ++i) {
        const double height =
            static_cast<double>(value(hour[i]) * kHeight) / static_cast<double>(top);
        std::string y = std::to_string(static_cast<double>(kHeight) - height);
        path += "V" + y.substr(0, y.find('.') + 2) + "H" + std::to_string(first + i + 1);
    }
    return "<path class=\"fill-" + std::string(kind) + "\" d=\"" + path + "V" +
           std::to_string(kHeight) + "Z\"/>";
}

std::string line_at(std::uint64_t y) {
    const std::string at = std::to_string(y);
    return "<line x1=\"0\" y1=\"" + at + "\" x2=\"" + std::to_string(kWidth) + "\" y2=\"" + at +
           "\"/>";
}

}  // namespace

void append_chart(std::string& html, const std::vector<HistoryPoint>& hour) {
    std::uint64_t most = 0;
    for (const HistoryPoint& point : hour) most = std::max(most, point.all());
    const std::uint64_t top = round_up(std::max<std::uint64_t>(most, 5));
    html +=
        "<h2>In FIN_WAIT_2 over the last hour</h2>\n"
        "<p class=\"axis\"><span>" +
        grouped(top) +
        "</span><span><span class=\"key draining\">draining</span>"
        "<span class=\"key waiting\">waiting</span></span></p>\n"
        "<svg class=\"chart\" viewBox=\"0 0 " +
        std::to_string(kWidth) + " " + std::to_string(kHeight) +
        "\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"at most " + grouped(most) +
        ", now " + grouped(hour.empty() ? 0 : hour.back().all()) + "\">" + line_at(kHeight / 4) +
        line_at(kHeight / 2) + line_at(kHeight * 3 / 4);
    if (!hour.empty()) {
        html += area(hour, top, "waiting", &HistoryPoint::all);
        html +=
            area(hour, top, "draining", [](const HistoryPoint& point) { return point.draining; });
    }
    html +=
        "</svg>\n<p class=\"axis\"><span>60 min ago</span><span>45</span><span>30</span>"
        "<span>15</span><span>now</span></p>\n";
}

}  // namespace finwait
