// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a log of finwait-report: nothing is lost count of, and no output lets text act.
#include <cstdlib>
#include <string>
#include <string_view>

#include "analysis/collector.hpp"
#include "analysis/report.hpp"
#include "input/log_lines.hpp"
#include "output/csv.hpp"
#include "output/html.hpp"
#include "output/httpd_conf.hpp"
#include "output/json.hpp"
#include "output/markdown.hpp"
#include "output/table.hpp"

namespace {

using namespace finwait::report;

void require(bool condition) {
    if (!condition) std::abort();
}

void read(LogLines& lines, std::string_view log) {
    lines.begin("fuzz");
    while (!log.empty()) {
        const auto room = lines.room();
        const std::size_t bytes = std::min(room.size(), log.size());
        log.copy(room.data(), bytes);
        log.remove_prefix(bytes);
        lines.filled(bytes);
    }
    lines.end();
}

void require_harmless(std::string_view text) {
    for (const char c : text)
        require(c == '\n' || c == '\r' || static_cast<unsigned char>(c) >= 0x20);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Families families;
    const Dimension by = kDimensions[data[0] % kDimensions.size()].value;
    Collector collector(families, {}, by, false);
    Reading reading;
    LogLines lines(collector, reading);
    read(lines, {reinterpret_cast<const char*>(data) + 1, size - 1});
    Report report = make_report(collector, {});
    report.reading = reading;
    require(reading.lines >=
            reading.records + reading.tallies + reading.broken.lines + reading.foreign.lines);
    require_harmless(render_table(report, {}, std::nullopt));
    require_harmless(render_csv(report, std::nullopt));
    require_harmless(render_markdown(report, std::nullopt));
    require_harmless(render_httpd_conf(report, collector));
    require(!render_json(report, std::nullopt).empty());
    require(!render_html(report).empty());
    return 0;
}
