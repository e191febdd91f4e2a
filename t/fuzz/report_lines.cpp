// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a log of finwait-report: nothing is lost count of, and no output lets text act.
#include <cstdlib>
#include <string>
#include <string_view>

#include "report/analysis/collector.hpp"
#include "report/analysis/diff.hpp"
#include "report/analysis/evidence.hpp"
#include "report/analysis/report.hpp"
#include "report/input/log_lines.hpp"
#include "report/output/bug_report.hpp"
#include "report/output/csv.hpp"
#include "report/output/diff.hpp"
#include "report/output/html.hpp"
#include "report/output/httpd_conf.hpp"
#include "report/output/json.hpp"
#include "report/output/markdown.hpp"
#include "report/output/table.hpp"
#include "unit/report/report_logs.hpp"

namespace {

using namespace finwait::report;

void require(bool condition) {
    if (!condition) std::abort();
}

void require_harmless(std::string_view text) {
    for (const char c : text)
        require(c == '\n' || c == '\r' || static_cast<unsigned char>(c) >= 0x20);
}

std::string bug_report(const Report& report, std::string_view log) {
    if (report.rows.empty()) return "";
    const Families families;
    Evidence evidence(families, {}, report.rows.front().name);
    Reading reading;
    LogLines lines(evidence, reading);
    finwait::test::feed(lines, log, "fuzz");
    return render_bug_report(evidence, std::string(log.substr(0, 100)));
}

// One output for each input: they take most of the time.
void render(Report& report, const Collector& collector, unsigned output, std::string_view log) {
    const auto diff = [&] { return compare(report, report); };
    switch (output % 10) {
        case 0:
            return require_harmless(render_table(report, {}, std::nullopt));
        case 1:
            return require_harmless(render_csv(report, std::nullopt));
        case 2:
            return require_harmless(render_markdown(report, std::nullopt));
        case 3:
            return require_harmless(render_httpd_conf(report, collector));
        case 4:
            return require(!render_json(report, std::nullopt).empty());
        case 5:
            return require(!render_html(report).empty());
        case 6:
            return require_harmless(render_diff_table(diff(), {}, std::nullopt));
        case 7:
            return require_harmless(render_diff_csv(diff(), std::nullopt));
        case 8:
            return require_harmless(bug_report(report, log));
        default:
            return require_harmless(render_diff_markdown(diff(), std::nullopt));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Families families;
    const Dimension by = kDimensions[data[0] % kDimensions.size()].value;
    Collector collector(families, {}, by, false);
    Reading reading;
    LogLines lines(collector, reading);
    const std::string_view log(reinterpret_cast<const char*>(data) + 1, size - 1);
    finwait::test::feed(lines, log, "fuzz");
    Report report = make_report(collector, {});
    report.reading = reading;
    require(reading.lines >=
            reading.records + reading.tallies + reading.broken.lines + reading.foreign.lines);
    render(report, collector, data[0] / kDimensions.size(), log);
    return 0;
}
