// SPDX-License-Identifier: Apache-2.0
#include "output/json.hpp"

#include <nlohmann/json.hpp>

#include "finwait/version.hpp"
#include "output/verdict.hpp"

namespace finwait::report {

namespace {

using Json = nlohmann::ordered_json;

template <typename Words, std::size_t N>
Json json_of(const Words& words, const std::array<std::uint64_t, N>& counts) {
    Json object = Json::object();
    for (std::size_t i = 0; i < N; ++i) object[std::string(words[i].name)] = counts[i];
    return object;
}

Json json_of(const std::optional<std::chrono::milliseconds>& time) {
    return time ? Json(time->count()) : Json(nullptr);
}

Json json_of(const Share& share) {
    const Interval interval = share.interval();
    return {{"closes", share.whole},
            {"stuck", share.part},
            {"share", share.value()},
            {"low", interval.low},
            {"high", interval.high}};
}

Json json_of(const Part& part) {
    Json object = json_of(part.stuck);
    object["socket_seconds"] = part.socket_seconds;
    return object;
}

Json quantile_of(const Row& row, double share) {
    const std::uint32_t ms = row.quantile_ms(share);
    return ms == UINT32_MAX ? Json(nullptr) : Json(ms);
}

Json buckets_of(const Tally& tally) {
    Json buckets = Json::array();
    for (std::size_t i = 0; i < kFinWait2Buckets; ++i) {
        const bool is_last = i == kFinWait2BoundsMs.size();
        buckets.push_back({{"up_to_ms", is_last ? Json(nullptr) : Json(kFinWait2BoundsMs[i])},
                           {"closes", tally.fin_wait_2[i]}});
    }
    return buckets;
}

Json json_of(const std::optional<DominantAddress>& dominant) {
    if (!dominant) return nullptr;
    return {{"address", dominant->address},
            {"stuck", dominant->of_stuck.part},
            {"share_of_stuck", dominant->of_stuck.value()}};
}

Json json_of(const std::vector<UserAgentRow>& agents) {
    Json array = Json::array();
    for (const UserAgentRow& agent : agents)
        array.push_back({{"user_agent", agent.user_agent},
                         {"closes", agent.closes},
                         {"stuck", agent.stuck},
                         {"fin_wait_2_ms", agent.fin_wait_2_ms}});
    return array;
}

Json json_of(const Report& report, const Row& row) {
    return {{"name", row.name},
            {"versions", row.versions},
            {"product", row.product},
            {"judgement", name_of(row.judgement)},
            {"stuck", json_of(row.stuck())},
            {"socket_seconds", row.socket_seconds()},
            {"cost_share", report.cost_share(row)},
            {"p50_ms", quantile_of(row, 0.5)},
            {"p99_ms", quantile_of(row, 0.99)},
            {"requests", row.tally.requests},
            {"drained_bytes", row.tally.drained_bytes},
            {"addresses", row.addresses},
            {"addresses_at_least", row.addresses_at_least},
            {"with_remedy", json_of(row.with_remedy())},
            {"without_remedy", json_of(row.without_remedy())},
            {"dominant_address", json_of(row.dominant)},
            {"outcomes", json_of(kOutcomes, row.tally.outcomes)},
            {"causes", json_of(kCauses, row.tally.causes)},
            {"drains", json_of(kDrains, row.tally.drains)},
            {"stuck_causes", json_of(kCauses, row.stuck_causes)},
            {"fin_wait_2", buckets_of(row.tally)},
            {"user_agents", json_of(row.user_agents)}};
}

Json json_of(const Skipped& skipped) {
    Json object{{"lines", skipped.lines}, {"first", nullptr}};
    if (skipped.first)
        object["first"] = {{"file", skipped.first->file}, {"line", skipped.first->line}};
    return object;
}

Json json_of(const Reading& reading) {
    return {{"files", reading.files},
            {"bytes", reading.bytes},
            {"lines", reading.lines},
            {"records", reading.records},
            {"tallies", reading.tallies},
            {"dropped", reading.dropped},
            {"broken", json_of(reading.broken)},
            {"foreign", json_of(reading.foreign)},
            {"notes", reading.notes},
            {"unreadable", reading.unreadable}};
}

Json verdict_json(const Report& report) {
    Json culprits = Json::array();
    for (const Row* row : report.culprits()) culprits.push_back(row->name);
    return {{"sentence", verdict_of(report)}, {"culprits", culprits}};
}

}  // namespace

std::string render_json(const Report& report, std::optional<std::size_t> top) {
    Json object{{"version", kReportJsonVersion},
                {"program_version", kVersion},
                {"made_ms", report.made.count()},
                {"sources", report.sources},
                {"by", name_of(report.by)},
                {"verdict", verdict_json(report)},
                {"first_ms", json_of(report.first)},
                {"last_ms", json_of(report.last)},
                {"vhosts", report.vhosts},
                {"sample_min", report.sample_min},
                {"all", json_of(report, report.all)},
                {"others_stuck", json_of(report.others_stuck)}};
    Json rows = Json::array();
    const std::size_t shown = std::min(report.rows.size(), top.value_or(SIZE_MAX));
    for (std::size_t i = 0; i < shown; ++i) rows.push_back(json_of(report, report.rows[i]));
    object["rows"] = std::move(rows);
    object["rows_left_out"] = report.rows.size() - shown;
    object["tallied"] = report.tallied;
    object["left_out"] = report.left_out;
    object["reading"] = json_of(report.reading);
    return object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace finwait::report
