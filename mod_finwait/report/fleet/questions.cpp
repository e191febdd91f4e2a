// SPDX-License-Identifier: Apache-2.0
#include "report/fleet/questions.hpp"

#include "contract/record_keys.hpp"
#include "presentation/text.hpp"
#include "report/fleet/columns.hpp"
#include "report/fleet/sql.hpp"
#include "report/fleet/where.hpp"

namespace finwait::report {

namespace {

using Text = std::string;

constexpr const char* kTime = "(toUInt64(toUInt32(time)) * 1000 + ms)";
constexpr const char* kSince = "(toUInt64(toUInt32(since)) * 1000 + since_ms)";
constexpr const char* kEndOfColumns = "'finwait.tally' AS `event.name`\n";

Text min_of(const char* expression) {
    return Text("min(") + expression + ")";
}

Text max_of(const char* expression) {
    return Text("max(") + expression + ")";
}

// The hour that a time is in begins before it.
MaybeTime coarse(const MaybeTime& time) {
    if (!time) return time;
    return std::chrono::floor<std::chrono::hours>(*time);
}

// Of an IPv4 network, with the dot behind them: so the engine need not tell all addresses there
// are.
Text whole_octets(const Network& network) {
    constexpr unsigned kMapped = 96;
    const Text text = address_text(network.address);
    if (text.find(':') != Text::npos || network.bits < kMapped + 8) return {};
    std::size_t end = 0;
    for (unsigned octets = (network.bits - kMapped) / 8; octets > 0; --octets)
        end = std::min(text.find('.', end), text.size() - 1) + 1;
    return text.substr(0, end);
}

// `from` has a condition.
Text joined(Text from, const Text& table, const Text& by) {
    return from.insert(from.find(where_of(from)), " ALL INNER JOIN " + table + " USING " + by);
}

// What a tally's line must have, where a row does not say it.
Text empty_texts(const Text& keys) {
    Text columns;
    for (const std::string_view key : {key::kUserAgent, key::kServerAddress})
        if (keys.find(key) == Text::npos) columns += column("''", key);
    return columns;
}

}  // namespace

std::vector<Text> Questions::rows() const {
    const bool is_of_families = by_ == Dimension::family;  // their addresses are asked for apart
    const Text left_out =
        column("sum(" + if_then(is_known(), "0", wanted_of_tallies()) + ")", fleet_key::kLeftOut);
    if (is_by_hours_) {
        const SqlRow row = row_of_tallies(true);
        const Text merged = "uniqCombinedMerge(17)(addresses)";
        const Text counted = is_of_families ? if_then("proxy = ''", "0", merged) : merged;
        return {"SELECT " + row.select() + counts_of_hours() +
                span_columns("minMerge(first)", "maxMerge(last)") +
                column(if_then("is_tally = 1", "maxMerge(addresses_told)", counted),
                       key::kTallyAddresses) +
                left_out + kEndOfColumns + hours() + row.group_by() + " FORMAT JSONEachRow"};
    }
    const SqlRow records = row_of_records(), tallied = row_of_tallies(false);
    return {"SELECT " + records.select() + counts_of_records() +
                span_columns(min_of(kTime), max_of(kTime)) +
                column("uniqCombined(17)(address)", key::kTallyAddresses) +
                empty_texts(records.keys()) + kEndOfColumns + closes() + records.group_by() +
                " FORMAT JSONEachRow",
            "SELECT " + tallied.select() + counts_of_tallies() +
                span_columns(min_of(kSince), max_of(kSince)) +
                column("max(addresses)", key::kTallyAddresses) + left_out + kEndOfColumns +
                tallies() + tallied.group_by() + " FORMAT JSONEachRow"};
}

Text Questions::stuck_addresses_of_all() const {
    return "SELECT address, " + stuck_count() + " AS stuck_closes " + stuck() +
           " GROUP BY address ORDER BY stuck_closes DESC LIMIT 2 FORMAT JSONEachRow";
}

std::vector<Text> Questions::stuck_addresses() const {
    if (by_ == Dimension::address) return {};  // a row is its address
    const SqlRow row = is_by_hours_ ? row_of_stuck_addresses() : row_of_records();
    const auto most_of = [&](const Text& select, const Text& group_by, const Text& keys,
                             const Text& from) {
        return "SELECT * FROM (SELECT " + select + "address, " + stuck_count() +
               " AS stuck_closes " + from + group_by +
               ", address) ORDER BY stuck_closes DESC LIMIT 2 BY " + keys + " FORMAT JSONEachRow";
    };
    if (by_ != Dimension::family)
        return {most_of(row.select(), row.group_by(), row.keys(), stuck())};
    const Text of_proxy = is_by_hours_ ? "proxy != ''" : kOfProxy;
    const Text of_clients = joined(and_also(stuck(), "NOT " + of_proxy), "clients", "user_agent");
    return {most_of("name, ", " GROUP BY name", "name", of_clients),
            most_of(row.select(), row.group_by(), row.keys(), and_also(stuck(), of_proxy))};
}

Text Questions::stuck_count() const {
    return is_by_hours_ ? "sum(stuck)" : "count()";
}

Text Questions::address_count() const {
    const Text counted =
        is_by_hours_
            ? "uniqCombinedMerge(17)(addresses) AS addresses_ " + and_also(hours(), "is_tally = 0")
            : "uniqCombined(17)(address) AS addresses_ " + closes_or_doubles();
    return "SELECT " + counted + " FORMAT JSONEachRow";
}

Text Questions::addresses_of_families() const {
    const Text from = is_by_hours_ ? and_also(hours(), "is_tally = 0 AND proxy = ''")
                                   : and_also(closes_or_doubles(), Text("NOT ") + kOfProxy);
    const Text counted =
        is_by_hours_ ? "uniqCombinedMerge(17)(addresses)" : "uniqCombined(17)(address)";
    return "SELECT name, " + counted + " AS addresses_ " + joined(from, "clients", "user_agent") +
           " GROUP BY name FORMAT JSONEachRow";
}

Text Questions::suspects(std::uint64_t stuck_min) const {
    const Text first = is_by_hours_ ? Text("minMerge(first)") : min_of(kTime);
    const Text condition = is_by_hours_ ? Text("proxy = ''") : Text("NOT ") + kOfProxy;
    return "SELECT peer_address, " + first + " AS since_ms " + and_also(stuck(), condition) +
           " GROUP BY peer_address HAVING " + stuck_count() + " >= " + std::to_string(stuck_min) +
           " AND uniqExact(user_agent) >= 2 ORDER BY " + stuck_count() + " DESC LIMIT " +
           std::to_string(kSuspectsMax) + " FORMAT JSONEachRow";
}

Text Questions::closes_through_suspects() const {
    const Text from = and_also(closes(), "peer_address IN (SELECT peer_address FROM suspects)");
    return joined(and_also(from, Text("NOT ") + kOfProxy), "suspects", "peer_address") + " WHERE " +
           kTime + " >= since_ms GROUP BY peer_address, user_agent";
}

Text Questions::through_suspects() const {
    return "SELECT peer_address, user_agent, count() AS closes_, sum(stuck) AS stuck_closes " +
           closes_through_suspects() + " ORDER BY peer_address FORMAT JSONEachRow";
}

Text Questions::summed_through_suspects() const {
    return "SELECT " + column("peer_address", key::kClientAddress) +
           column("user_agent", key::kUserAgent) + column("''", key::kServerAddress) +
           counts_of_records() + span_columns(min_of(kTime), max_of(kTime)) +
           column("0", key::kTallyAddresses) + kEndOfColumns + closes_through_suspects() +
           " FORMAT JSONEachRow";
}

std::vector<Text> Questions::vhosts() const {
    const Text of_tallies = is_known() + " AND NOT " + kEvicted;
    const auto of = [](const Text& from) {
        return "SELECT vhost " + from + " GROUP BY vhost FORMAT JSONEachRow";
    };
    if (is_by_hours_) return {of(and_also(hours(), "(is_tally = 0 OR (" + of_tallies + "))"))};
    return {of(closes_or_doubles()), of(and_also(tallies(), of_tallies))};
}

std::vector<Text> Questions::minutes() const {
    const auto of = [](const Text& time, const Text& sums, const Text& from) {
        const Text minute = "intDiv(toUInt32(" + time + "), 60) * 60";
        return "SELECT " + minute + " AS minute, " + sums + " AS stuck_closes " + from +
               " GROUP BY " + minute + " FORMAT JSONEachRow";
    };
    return {of("time", "count() AS closes_, sum(stuck)", closes()),
            of("since", "sum(closes) AS closes_, sum(stuck)", and_also(tallies(), is_known()))};
}

Text Questions::hosts() const {
    Where where("finwait.hosts");
    where.within("hour", "", coarse(filter_.since), filter_.until);
    return "SELECT sum(records) AS records_, sum(tallies) AS tallies_, sum(dropped) AS dropped_, "
           "sum(foreign) AS foreign_, uniqExact(host) AS hosts_ " +
           where.text() + " FORMAT JSONEachRow";
}

// Whichever closes they are of: what a pattern must not match is asked of all.
Text Questions::user_agents() const {
    Where where("finwait.hours");
    where.within("hour", "", coarse(filter_.since), filter_.until).add("proxy = ''");
    where.add(Text("NOT (is_tally = 1 AND ") + kEvicted + ")");
    return "SELECT user_agent " + where.text() + " GROUP BY user_agent FORMAT JSONEachRow";
}

Text Questions::addresses() const {
    Where where("finwait.closes");
    where.within("time", "", coarse(filter_.since), filter_.until);
    if (const Text octets = whole_octets(*filter_.network); !octets.empty())
        where.add("address LIKE " + engine_text(octets + "%"));
    return "SELECT address " + where.text() + " GROUP BY address FORMAT JSONEachRow";
}

Text records_of_cookie(std::uint64_t cookie) {
    return "SELECT * FROM finwait.records WHERE `" + Text(key::kSocketCookie) +
           "` = " + engine_text(hex_text(cookie)) + " FORMAT JSONEachRow";
}

}  // namespace finwait::report
