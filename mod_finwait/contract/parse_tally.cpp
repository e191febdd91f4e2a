// SPDX-License-Identifier: Apache-2.0
#include "contract/members.hpp"
#include "contract/record_keys.hpp"
#include "finwait/tally.hpp"

namespace finwait {

namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;

template <typename E, std::size_t N>
void parse_words(Members& members, std::string_view prefix, std::array<std::uint64_t, N>& numbers) {
    for (std::size_t i = 0; i < N; ++i)
        numbers[i] = members.optional_number(key::tally_key(prefix, kWordsOf<E>[i].name));
}

std::uint64_t to_ns(Members& members, std::uint64_t ms) {
    members.spoil_unless(ms <= UINT64_MAX / kNsPerMs);
    return ms * kNsPerMs;
}

Tally parse_counts(Members& members) {
    Tally tally;
    tally.closes = members.number<std::uint64_t>(key::kTallyCloses);
    tally.stuck = members.number<std::uint64_t>(key::kTallyStuck);
    tally.preventable = members.optional_number(key::kTallyPreventable);
    tally.requests = members.number<std::uint64_t>(key::kTallyRequests);
    tally.drained_bytes = members.number<std::uint64_t>(key::kTallyDrainedBytes);
    tally.fin_wait_2_ns = to_ns(members, members.number<std::uint64_t>(key::kTallyFinWait2Ms));
    tally.remedied.closes = members.optional_number(key::kTallyRemediedCloses);
    tally.remedied.stuck = members.optional_number(key::kTallyRemediedStuck);
    tally.remedied.fin_wait_2_ns =
        to_ns(members, members.optional_number(key::kTallyRemediedFinWait2Ms));
    parse_words<Outcome>(members, key::kTallyOutcome, tally.outcomes);
    parse_words<Cause>(members, key::kTallyCause, tally.causes);
    parse_words<Drain>(members, key::kTallyDrain, tally.drains);
    for (std::size_t i = 0; i < kFinWait2Buckets; ++i)
        tally.fin_wait_2[i] = members.optional_number(key::bucket_key(i));
    return tally;
}

}  // namespace

std::optional<TallyLine> parse_tally(std::string_view text) {
    LineParser parser;
    auto parsed = parser.parse(text);
    if (!parsed) return std::nullopt;
    Members& members = *parsed;
    if (members.text(key::kEventName) != key::kTallyEvent) return std::nullopt;
    TallyLine line;
    line.until = members.time(key::kTimestamp);
    line.since = members.time(key::kTallySince);
    line.vhost = members.text(key::kServerAddress);
    line.user_agent = members.text(key::kUserAgent);
    line.proxy = members.optional_text(key::kPeerAddress);
    line.tally = parse_counts(members);
    line.addresses = members.number<std::uint64_t>(key::kTallyAddresses);
    if (!members.ok()) return std::nullopt;
    return line;
}

}  // namespace finwait
