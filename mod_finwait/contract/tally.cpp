// SPDX-License-Identifier: Apache-2.0
#include "finwait/tally.hpp"

#include <cmath>
#include <numeric>

#include "contract/json_line.hpp"
#include "contract/record_keys.hpp"
#include "finwait/remedy.hpp"

namespace finwait {

namespace {

template <typename E, std::size_t N>
void add_words(JsonLine& line, std::string_view prefix,
               const std::array<std::uint64_t, N>& numbers) {
    for (std::size_t i = 0; i < N; ++i)
        if (numbers[i] != 0) line.add(key::tally_key(prefix, kWordsOf<E>[i].name), numbers[i]);
}

constexpr std::uint64_t kNsPerMs = 1'000'000;

void add_remedied(JsonLine& line, const Remedied& remedied) {
    if (remedied.closes != 0) line.add(key::kTallyRemediedCloses, remedied.closes);
    if (remedied.stuck != 0) line.add(key::kTallyRemediedStuck, remedied.stuck);
    if (remedied.fin_wait_2_ns >= kNsPerMs)
        line.add(key::kTallyRemediedFinWait2Ms, remedied.fin_wait_2_ns / kNsPerMs);
}

// `apply` to each count of both.
template <typename Apply>
void apply_to_counts(Tally& to, const Tally& from, const Apply& apply) {
    apply(to.closes, from.closes);
    apply(to.stuck, from.stuck);
    apply(to.preventable, from.preventable);
    apply(to.requests, from.requests);
    apply(to.drained_bytes, from.drained_bytes);
    apply(to.fin_wait_2_ns, from.fin_wait_2_ns);
    const auto each = [&](auto& counts, const auto& others) {
        for (std::size_t i = 0; i < counts.size(); ++i) apply(counts[i], others[i]);
    };
    each(to.causes, from.causes);
    each(to.drains, from.drains);
    each(to.outcomes, from.outcomes);
    each(to.fin_wait_2, from.fin_wait_2);
    apply(to.remedied.closes, from.remedied.closes);
    apply(to.remedied.stuck, from.remedied.stuck);
    apply(to.remedied.fin_wait_2_ns, from.remedied.fin_wait_2_ns);
}

}  // namespace

void Tally::add(const Close& close) {
    const bool is_stuck = close.is_stuck();
    ++closes;
    stuck += is_stuck ? 1 : 0;
    preventable += is_preventable(close) ? 1 : 0;
    requests += close.requests;
    drained_bytes += close.drained_bytes;
    ++causes[static_cast<std::size_t>(close.cause)];
    ++drains[static_cast<std::size_t>(close.drain)];
    ++outcomes[static_cast<std::size_t>(close.outcome)];
    const bool is_remedied = close.remedy != Remedy::none;
    remedied.closes += is_remedied ? 1 : 0;
    remedied.stuck += is_remedied && is_stuck ? 1 : 0;
    if (close.fin_wait_2_time <= std::chrono::nanoseconds::zero()) return;
    const auto time_ns = static_cast<std::uint64_t>(close.fin_wait_2_time.count());
    fin_wait_2_ns += time_ns;
    remedied.fin_wait_2_ns += is_remedied ? time_ns : 0;
    ++fin_wait_2[fin_wait_2_bucket(close.fin_wait_2_time)];
}

Tally& Tally::operator+=(const Tally& other) {
    apply_to_counts(*this, other, [](auto& to, auto from) { to += from; });
    return *this;
}

Tally& Tally::operator-=(const Tally& part) {
    apply_to_counts(*this, part, [](auto& to, auto from) { to -= from; });
    return *this;
}

std::optional<std::uint32_t> fin_wait_2_quantile_ms(const Tally& tally, double share) {
    const auto count =
        std::accumulate(tally.fin_wait_2.begin(), tally.fin_wait_2.end(), std::uint64_t{0});
    if (count == 0) return std::nullopt;
    const double wanted = std::ceil(share * static_cast<double>(count));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kFinWait2BoundsMs.size(); ++i) {
        seen += tally.fin_wait_2[i];
        if (seen > 0 && static_cast<double>(seen) >= wanted) return kFinWait2BoundsMs[i];
    }
    return UINT32_MAX;
}

void append_tally(std::string& out, const TallyLine& tallied) {
    const Tally& tally = tallied.tally;
    JsonLine line(out);
    line.add(key::kTimestamp, tallied.until);
    line.add_name(key::kEventName, key::kTallyEvent);
    line.add(key::kServerAddress, tallied.vhost);
    if (!tallied.proxy.empty()) line.add(key::kPeerAddress, tallied.proxy);
    line.add(key::kUserAgent, tallied.user_agent);
    line.add(key::kTallySince, tallied.since);
    line.add(key::kTallyCloses, tally.closes);
    line.add(key::kTallyStuck, tally.stuck);
    if (tally.preventable != 0) line.add(key::kTallyPreventable, tally.preventable);
    line.add(key::kTallyRequests, tally.requests);
    line.add(key::kTallyDrainedBytes, tally.drained_bytes);
    line.add(key::kTallyFinWait2Ms, tally.fin_wait_2_ns / kNsPerMs);
    line.add(key::kTallyAddresses, tallied.addresses);
    add_words<Outcome>(line, key::kTallyOutcome, tally.outcomes);
    add_words<Cause>(line, key::kTallyCause, tally.causes);
    add_words<Drain>(line, key::kTallyDrain, tally.drains);
    for (std::size_t i = 0; i < kFinWait2Buckets; ++i)
        if (tally.fin_wait_2[i] != 0) line.add(key::bucket_key(i), tally.fin_wait_2[i]);
    add_remedied(line, tally.remedied);
    line.end();
}

}  // namespace finwait
