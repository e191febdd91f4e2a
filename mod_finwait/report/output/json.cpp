// SPDX-License-Identifier: Apache-2.0
#include "report/output/json.hpp"

#include "finwait/version.hpp"
#include "report/output/json_text.hpp"
#include "report/output/verdict.hpp"

namespace finwait::report {

namespace {

std::optional<std::int64_t> ms_of(const std::optional<std::chrono::milliseconds>& time) {
    return time ? std::optional<std::int64_t>(time->count()) : std::nullopt;
}

std::optional<std::uint64_t> quantile_of(const Row& row, double share) {
    const std::uint32_t ms = row.quantile_ms(share);
    return ms == UINT32_MAX ? std::nullopt : std::optional<std::uint64_t>(ms);
}

template <typename Words, std::size_t N>
void put(JsonText& json, std::string_view key, const Words& words,
         const std::array<std::uint64_t, N>& counts) {
    json.key(key).begin('{');
    for (std::size_t i = 0; i < N; ++i) json.put(words[i].name, counts[i]);
    json.end('}');
}

void put_stuck(JsonText& json, const Share& share) {
    const Interval interval = share.interval();
    json.put("closes", share.whole);
    json.put("stuck", share.part);
    json.put("share", share.value());
    json.put("low", interval.low);
    json.put("high", interval.high);
}

void put(JsonText& json, std::string_view key, const Share& share) {
    json.key(key).begin('{');
    put_stuck(json, share);
    json.end('}');
}

void put(JsonText& json, std::string_view key, const Part& part) {
    json.key(key).begin('{');
    put_stuck(json, part.stuck);
    json.put("socket_seconds", part.socket_seconds);
    json.end('}');
}

void put_buckets(JsonText& json, const Tally& tally) {
    json.key("fin_wait_2").begin('[');
    for (std::size_t i = 0; i < kFinWait2Buckets; ++i) {
        std::optional<std::uint64_t> bound;
        if (i < kFinWait2BoundsMs.size()) bound = kFinWait2BoundsMs[i];
        json.begin('{');
        json.put("up_to_ms", bound);
        json.put("closes", tally.fin_wait_2[i]);
        json.end('}');
    }
    json.end(']');
}

void put(JsonText& json, const std::optional<DominantAddress>& dominant) {
    json.key("dominant_address");
    if (!dominant) return json.put_null();
    json.begin('{');
    json.put("address", dominant->address);
    json.put("stuck", dominant->of_stuck.part);
    json.put("share_of_stuck", dominant->of_stuck.value());
    json.end('}');
}

void put(JsonText& json, const std::vector<UserAgentRow>& agents) {
    json.key("user_agents").begin('[');
    for (const UserAgentRow& agent : agents) {
        json.begin('{');
        json.put("user_agent", agent.user_agent);
        json.put("closes", agent.closes);
        json.put("stuck", agent.stuck);
        json.put("fin_wait_2_ms", agent.fin_wait_2_ms);
        json.end('}');
    }
    json.end(']');
}

void put(JsonText& json, const Report& report, const Row& row) {
    json.begin('{');
    json.put("name", row.name);
    json.put("peer", row.peer);
    json.put("versions", row.versions);
    json.put("product", row.product);
    json.put("judgement", name_of(row.judgement));
    put(json, "stuck", row.stuck());
    json.put("socket_seconds", row.socket_seconds());
    json.put("cost_share", report.cost_share(row));
    json.put("p50_ms", quantile_of(row, 0.5));
    json.put("p99_ms", quantile_of(row, 0.99));
    json.put("preventable", row.tally.preventable);
    json.put("requests", row.tally.requests);
    json.put("drained_bytes", row.tally.drained_bytes);
    json.put("addresses", row.addresses);
    json.put("addresses_at_least", row.addresses_at_least);
    put(json, "with_remedy", row.with_remedy());
    put(json, "without_remedy", row.without_remedy());
    put(json, row.dominant);
    put(json, "outcomes", kOutcomes, row.tally.outcomes);
    put(json, "causes", kCauses, row.tally.causes);
    put(json, "drains", kDrains, row.tally.drains);
    put(json, "stuck_causes", kCauses, row.stuck_causes);
    put_buckets(json, row.tally);
    put(json, row.user_agents);
    json.end('}');
}

void put(JsonText& json, std::string_view key, const Skipped& skipped) {
    json.key(key).begin('{');
    json.put("lines", skipped.lines);
    json.key("first");
    if (skipped.first) {
        json.begin('{');
        json.put("file", skipped.first->file);
        json.put("line", skipped.first->line);
        json.end('}');
    } else {
        json.put_null();
    }
    json.end('}');
}

void put(JsonText& json, const Reading& reading) {
    json.key("reading").begin('{');
    json.put("files", reading.files);
    json.put("bytes", reading.bytes);
    json.put("lines", reading.lines);
    json.put("records", reading.records);
    json.put("tallies", reading.tallies);
    json.put("dropped", reading.dropped);
    put(json, "broken", reading.broken);
    put(json, "foreign", reading.foreign);
    json.put_all("notes", reading.notes);
    json.put_all("unreadable", reading.unreadable);
    json.end('}');
}

void put_verdict(JsonText& json, const Report& report) {
    json.key("verdict").begin('{');
    json.put("sentence", verdict_of(report));
    json.key("culprits").begin('[');
    for (const Row* row : report.culprits()) json.put(row->name);
    json.end(']');
    json.end('}');
}

}  // namespace

std::string render_json(const Report& report, std::optional<std::size_t> top) {
    const std::size_t shown = std::min(report.rows.size(), top.value_or(SIZE_MAX));
    JsonText json;
    json.begin('{');
    json.put("version", std::uint64_t{kReportJsonVersion});
    json.put("program_version", kVersion);
    json.put("made_ms", std::int64_t{report.made.count()});
    json.put_all("sources", report.sources);
    json.put("by", name_of(report.by));
    put_verdict(json, report);
    json.put("first_ms", ms_of(report.first));
    json.put("last_ms", ms_of(report.last));
    json.put("vhosts", report.vhosts);
    json.put("sample_min", report.sample_min);
    put(json.key("all"), report, report.all);
    put(json, "others_stuck", report.others_stuck);
    json.key("rows").begin('[');
    for (std::size_t i = 0; i < shown; ++i) put(json, report, report.rows[i]);
    json.end(']');
    json.put("rows_left_out", std::uint64_t{report.rows.size() - shown});
    json.put("tallied", report.tallied);
    json.put("left_out", report.left_out);
    put(json, report.reading);
    json.end('}');
    return std::move(json).text();
}

}  // namespace finwait::report
