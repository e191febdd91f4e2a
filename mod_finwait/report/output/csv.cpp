// SPDX-License-Identifier: Apache-2.0
#include "report/output/csv.hpp"

#include <algorithm>
#include <vector>

#include "presentation/text.hpp"
#include "report/output/terminal_text.hpp"

namespace finwait::report {

namespace {

constexpr const char* kHeader =
    "name,versions,product,judgement,closes,stuck,stuck_share,stuck_low,stuck_high,p50_ms,p99_ms,"
    "addresses,socket_seconds,cost_share,requests,drained_bytes,with_remedy_closes,"
    "with_remedy_stuck,with_remedy_socket_seconds,without_remedy_closes,without_remedy_stuck,"
    "without_remedy_socket_seconds";

std::string quantile(const Row& row, double share) {
    const std::uint32_t ms = row.quantile_ms(share);
    return ms == UINT32_MAX ? "inf" : std::to_string(ms);
}

std::string line_of(const Report& report, const Row& row) {
    const Interval interval = row.stuck().interval();
    std::vector<std::string> fields{csv_field(row.name),
                                    csv_field(row.versions),
                                    csv_field(row.product),
                                    std::string(name_of(row.judgement)),
                                    std::to_string(row.tally.closes),
                                    std::to_string(row.tally.stuck),
                                    number_text(row.stuck().value()),
                                    number_text(interval.low),
                                    number_text(interval.high),
                                    quantile(row, 0.5),
                                    quantile(row, 0.99),
                                    std::to_string(row.addresses),
                                    number_text(row.socket_seconds()),
                                    number_text(report.cost_share(row)),
                                    std::to_string(row.tally.requests),
                                    std::to_string(row.tally.drained_bytes)};
    for (const Part& part : {row.with_remedy(), row.without_remedy()}) {
        fields.push_back(std::to_string(part.stuck.whole));
        fields.push_back(std::to_string(part.stuck.part));
        fields.push_back(number_text(part.socket_seconds));
    }
    return csv_line(fields);
}

}  // namespace

std::string csv_field(std::string_view text) {
    std::string safe = terminal_text(text);
    if (!safe.empty() && std::string_view("=+-@").find(safe[0]) != std::string_view::npos)
        safe.insert(0, 1, '\'');
    std::string field = "\"";
    for (const char c : safe) field += c == '"' ? "\"\"" : std::string(1, c);
    return field + "\"";
}

std::string csv_line(const std::vector<std::string>& fields) {
    std::string line;
    for (const std::string& field : fields) line += (line.empty() ? "" : ",") + field;
    return line + "\r\n";
}

std::string render_csv(const Report& report, std::optional<std::size_t> top) {
    std::string text = std::string(kHeader) + "\r\n";
    const std::size_t shown = std::min(report.rows.size(), top.value_or(SIZE_MAX));
    for (std::size_t i = 0; i < shown; ++i) text += line_of(report, report.rows[i]);
    return text;
}

}  // namespace finwait::report
