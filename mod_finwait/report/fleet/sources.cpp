// SPDX-License-Identifier: Apache-2.0
//
// Which closes are wanted, by the names of each table.
#include "presentation/text.hpp"
#include "report/fleet/questions.hpp"
#include "report/fleet/sql.hpp"
#include "report/fleet/where.hpp"

namespace finwait::report {

namespace {

using namespace std::chrono_literals;
using Text = std::string;

constexpr const char* kOfClients = "user_agent IN (SELECT user_agent FROM clients)";

bool is_hour(const MaybeTime& time) {
    return !time || *time % 1h == 0ms;
}

bool is_word_of_records(Dimension by) {
    return by == Dimension::address || by == Dimension::peer || by == Dimension::cause;
}

}  // namespace

Questions::Questions(const Filter& filter, Dimension by)
    : filter_(filter),
      by_(by),
      is_by_hours_(!is_word_of_records(by) && !filter.outcome && !filter.cause && !filter.network &&
                   is_hour(filter.since) && is_hour(filter.until)) {}

Text Questions::hours() const {
    Where where("finwait.hours");
    where.within("hour", "", filter_.since, filter_.until).is_name("vhost", filter_.vhost);
    if (has_client()) where.add("proxy = ''").add(Text("(") + kOfClients + " OR " + kEvicted + ")");
    return where.text();
}

Text Questions::closes() const {
    return closes_of("finwait.closes FINAL");
}

Text Questions::closes_or_doubles() const {
    return closes_of("finwait.closes");
}

Text Questions::closes_of(std::string_view table) const {
    Where where(table);
    where.within("time", "ms", filter_.since, filter_.until).is_name("vhost", filter_.vhost);
    if (filter_.outcome) where.add("outcome = " + engine_text(name_of(*filter_.outcome)));
    if (filter_.cause) where.add("cause = " + engine_text(name_of(*filter_.cause)));
    if (filter_.network) where.add("address IN (SELECT address FROM addresses)");
    if (has_client()) where.add("shared = 0").add("via = 0").add(kOfClients);
    return where.text();
}

Text Questions::tallies() const {
    Where where("finwait.tallies FINAL");
    where.within("since", "since_ms", filter_.since, filter_.until).is_name("vhost", filter_.vhost);
    if (filter_.outcome) where.add(name_of_word("outcome", name_of(*filter_.outcome)) + " > 0");
    if (filter_.cause) where.add(name_of_word("cause", name_of(*filter_.cause)) + " > 0");
    if (has_client()) where.add("proxy = ''").add(Text("(") + kOfClients + " OR " + kEvicted + ")");
    return where.text();
}

Text Questions::stuck() const {
    if (!is_by_hours_) return and_also(closes(), "stuck = 1");
    Where where("finwait.stuck_addresses");
    where.within("hour", "", filter_.since, filter_.until).is_name("vhost", filter_.vhost);
    if (has_client()) where.add("proxy = ''").add(kOfClients);
    return where.text();
}

// Whether the figures of tallies are those of the wanted closes alone: see Filter::part_of().
Text Questions::is_known() const {
    Text known = filter_.network ? "0" : "1";
    if (filter_.outcome)
        known += " AND " + name_of_word("outcome", name_of(*filter_.outcome)) + " = closes";
    if (filter_.cause)
        known += " AND " + name_of_word("cause", name_of(*filter_.cause)) + " = closes";
    if (has_client()) known += Text(" AND NOT ") + kEvicted;
    return "(" + known + ")";
}

Text Questions::wanted_of_tallies() const {
    Text wanted = "closes";
    if (filter_.outcome)
        wanted =
            "least(" + wanted + ", " + name_of_word("outcome", name_of(*filter_.outcome)) + ")";
    if (filter_.cause)
        wanted = "least(" + wanted + ", " + name_of_word("cause", name_of(*filter_.cause)) + ")";
    return wanted;
}

}  // namespace finwait::report
