// SPDX-License-Identifier: Apache-2.0
#include "report/fleet/columns.hpp"

#include "contract/record_keys.hpp"
#include "finwait/words.hpp"

namespace finwait::report {

namespace {

std::string text(std::string_view a, std::string_view b, std::string_view c = {}) {
    return std::string(a).append(b).append(c);
}

std::string sum(std::string_view name, std::string_view key) {
    return column(text("sum(", name, ")"), key);
}

std::string count_if(std::string_view condition, std::string_view key) {
    return column(text("countIf(", condition, ")"), key);
}

template <typename E>
std::string words_of_records(std::string_view name, std::string_view prefix,
                             std::string_view also = {}) {
    std::string columns;
    for (const auto& word : kWordsOf<E>)
        columns += count_if(text(name, " = '", word.name) + text("'", also),
                            key::tally_key(prefix, word.name));
    return columns;
}

template <typename E>
std::string words_of_sums(std::string_view name, std::string_view prefix) {
    std::string columns;
    for (const auto& word : kWordsOf<E>)
        columns += sum(text(name, "_", word.name), key::tally_key(prefix, word.name));
    return columns;
}

std::string bucket_name(std::size_t bucket) {
    return bucket < kFinWait2BoundsMs.size() ? std::to_string(kFinWait2BoundsMs[bucket]) : "inf";
}

std::string buckets_of_records() {
    std::string columns;
    for (std::size_t i = 0; i < kFinWait2Buckets; ++i) {
        std::string condition =
            text("fin_wait_2_ms > ", i == 0 ? "0" : std::to_string(kFinWait2BoundsMs[i - 1]));
        if (i < kFinWait2BoundsMs.size())
            condition += text(" AND fin_wait_2_ms <= ", bucket_name(i));
        columns += count_if(condition, key::bucket_key(i));
    }
    return columns;
}

std::string rfc3339(std::string_view ms) {
    const std::string seconds = text("toDateTime(intDiv(", ms, ", 1000), 'UTC')");
    return text("concat(replaceOne(toString(", seconds, "), ' ', 'T'), '.', ") +
           text("substring(toString(1000 + ", ms, " % 1000), 2), 'Z')");
}

}  // namespace

std::string column(std::string_view expression, std::string_view key) {
    return text(expression, " AS `", key) + "`,\n";
}

std::string counts_of_records() {
    return column("count()", key::kTallyCloses) + sum("stuck", key::kTallyStuck) +
           count_if(
               "stuck = 1 AND cause IN ('keepalive_timeout', 'workers_busy') AND "
               "http_version != '2' AND via = 0",
               key::kTallyPreventable) +
           sum("requests", key::kTallyRequests) + sum("drained_bytes", key::kTallyDrainedBytes) +
           sum("fin_wait_2_ms", key::kTallyFinWait2Ms) +
           count_if("remedy != ''", key::kTallyRemediedCloses) +
           count_if("remedy != '' AND stuck = 1", key::kTallyRemediedStuck) +
           column("sumIf(fin_wait_2_ms, remedy != '')", key::kTallyRemediedFinWait2Ms) +
           words_of_records<Outcome>("outcome", key::kTallyOutcome) +
           words_of_records<Cause>("cause", key::kTallyCause) +
           words_of_records<Drain>("drain", key::kTallyDrain) +
           words_of_records<Cause>("cause", fleet_key::kStuckCause, " AND stuck = 1") +
           buckets_of_records();
}

std::string counts_of_tallies() {
    std::string columns = sum("closes", key::kTallyCloses) + sum("stuck", key::kTallyStuck) +
                          sum("preventable", key::kTallyPreventable) +
                          sum("requests", key::kTallyRequests) +
                          sum("drained_bytes", key::kTallyDrainedBytes) +
                          sum("fin_wait_2_ms", key::kTallyFinWait2Ms) +
                          sum("remedied_closes", key::kTallyRemediedCloses) +
                          sum("remedied_stuck", key::kTallyRemediedStuck) +
                          sum("remedied_fin_wait_2_ms", key::kTallyRemediedFinWait2Ms) +
                          words_of_sums<Outcome>("outcome", key::kTallyOutcome) +
                          words_of_sums<Cause>("cause", key::kTallyCause) +
                          words_of_sums<Drain>("drain", key::kTallyDrain);
    for (std::size_t i = 0; i < kFinWait2Buckets; ++i)
        columns += sum("bucket_" + bucket_name(i), key::bucket_key(i));
    return columns;
}

std::string counts_of_hours() {
    return counts_of_tallies() + words_of_sums<Cause>("stuck_cause", fleet_key::kStuckCause);
}

std::string span_columns(std::string_view first_ms, std::string_view last_ms) {
    return column(rfc3339(first_ms), key::kTallySince) + column(rfc3339(last_ms), key::kTimestamp);
}

}  // namespace finwait::report
