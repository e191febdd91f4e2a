// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "finwait/version.hpp"
#include "report/output/diff.hpp"
#include "report/output/json.hpp"

namespace finwait::report {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Row& row) {
    if (row.tally.closes == 0) return nullptr;
    const Interval interval = row.stuck().interval();
    return {{"closes", row.tally.closes},   {"stuck", row.tally.stuck},
            {"share", row.stuck().value()}, {"low", interval.low},
            {"high", interval.high},        {"socket_seconds", row.socket_seconds()}};
}

Json side_of(const std::string& name, const Report& report) {
    return {{"name", name},
            {"all", json_of(report.all)},
            {"first_ms", report.first ? Json(report.first->count()) : Json(nullptr)},
            {"last_ms", report.last ? Json(report.last->count()) : Json(nullptr)}};
}

}  // namespace

std::string render_diff_json(const Diff& diff) {
    Json object{{"version", kReportJsonVersion},
                {"program_version", kVersion},
                {"by", name_of(diff.after.by)},
                {"sentence", verdict_of(diff)},
                {"a", side_of(diff.before_name, diff.before)},
                {"b", side_of(diff.after_name, diff.after)}};
    Json rows = Json::array();
    for (const DiffRow& row : diff.rows)
        rows.push_back({{"name", row.name},
                        {"change", name_of(row.change)},
                        {"a", json_of(row.before)},
                        {"b", json_of(row.after)}});
    object["rows"] = std::move(rows);
    return object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace finwait::report
