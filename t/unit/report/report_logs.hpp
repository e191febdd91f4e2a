// SPDX-License-Identifier: Apache-2.0
//
// Closes made up for finwait-report's tests, and the logs the closer would write of them.
#pragma once

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "finwait/record.hpp"
#include "finwait/tally.hpp"
#include "report/analysis/collector.hpp"
#include "report/analysis/report.hpp"
#include "report/input/log_lines.hpp"

namespace finwait::test {

inline constexpr std::chrono::milliseconds kNoon{1'795'348'800'000};  // 2026-11-22 12:00 UTC

inline Record a_close(const std::string& user_agent, std::uint8_t host = 1) {
    Record record;
    record.half_close = kNoon;
    record.peer = {Endpoint::Family::ipv4, 40'000, {192, 0, 2, host}};
    record.local = {Endpoint::Family::ipv4, 443, {198, 51, 100, 1}};
    record.vhost = "www.example.org";
    record.user_agent = user_agent;
    record.own_texts();
    record.http = HttpVersion::http_1_1;
    record.mpm = Mpm::event;
    record.state = TcpState::closed;
    record.cause = Cause::keepalive_timeout;
    record.drain = Drain::fin;
    record.outcome = Outcome::fin;
    record.requests = 2;
    record.fin_wait_2_time = std::chrono::milliseconds(3);
    record.socket_cookie = 0x1000;
    return record;
}

inline Record a_stuck_close(const std::string& user_agent, std::uint8_t host = 1) {
    Record record = a_close(user_agent, host);
    record.state = TcpState::fin_wait_2;
    record.drain = Drain::deadline;
    record.outcome = Outcome::timeout;
    record.drain_time = std::chrono::milliseconds(2000);
    record.fin_wait_2_time = std::chrono::milliseconds(16'900);
    return record;
}

inline std::string all_log(const std::vector<Record>& closes) {
    std::string log;
    for (const Record& close : closes) append_record(log, close);
    return log;
}

// As FinWaitLog … stuck: Records of the stuck ones, tallies by account of the others.
inline std::string stuck_log(const std::vector<Record>& closes) {
    std::string log;
    std::map<std::pair<std::string, std::string>, TallyLine> accounts;
    for (const Record& close : closes) {
        if (close.is_stuck()) {
            append_record(log, close);
            continue;
        }
        TallyLine& line = accounts[{std::string(close.user_agent), std::string(close.vhost)}];
        line.since = line.until = close.half_close;
        line.vhost = close.vhost;
        line.user_agent = close.user_agent;
        line.addresses = 1;
        line.tally.add(close);
    }
    for (const auto& [account, line] : accounts) append_tally(log, line);
    return log;
}

// Clients of several kinds, some of which leave sockets stuck; the same for the same seed.
inline std::vector<Record> some_closes(std::size_t count, unsigned seed = 1) {
    std::mt19937 random(seed);
    const auto below = [&](std::uint32_t limit) {
        return static_cast<std::uint32_t>(random() % limit);
    };
    std::vector<Record> closes;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t kind = below(10);
        const bool stuck = kind == 0 ? below(100) < 90 : kind == 1 ? below(100) < 2 : false;
        const std::string agent = kind == 0   ? "python-requests/2." + std::to_string(20 + below(9))
                                  : kind == 1 ? "BadBrowser/1.0"
                                  : kind == 2 ? ""
                                              : "curl/7." + std::to_string(80 + kind) + ".0";
        const auto host = static_cast<std::uint8_t>(below(200));
        Record record = stuck ? a_stuck_close(agent, host) : a_close(agent, host);
        record.cause = static_cast<Cause>(below(kCauses.size()));
        if (!stuck) record.outcome = static_cast<Outcome>(below(kOutcomes.size()));
        record.requests = below(20);
        record.drained_bytes = below(1000);
        record.fin_wait_2_time = std::chrono::milliseconds(stuck           ? 2000 + below(20'000)
                                                           : below(3) == 0 ? below(900)
                                                                           : 0);
        if (kind == 0) record.remedy = static_cast<Remedy>(below(kRemedies.size()));
        record.vhost = below(2) == 0 ? "www.example.org" : "api.example.org";
        record.half_close = kNoon + std::chrono::milliseconds(i * 20);
        closes.push_back(std::move(record));
    }
    return closes;
}

struct Analysed {
    report::Reading reading;
    report::Report report;
};

inline void feed(report::LogLines& lines, std::string_view log, const std::string& name) {
    lines.begin(name);
    while (!log.empty()) {
        const auto room = lines.room();
        const std::size_t bytes = std::min(room.size(), log.size());
        log.copy(room.data(), bytes);
        log.remove_prefix(bytes);
        lines.filled(bytes);
    }
    lines.end();
}

// What finwait-report makes of a log, without uap-core.
inline Analysed analysed(std::string_view log, report::Filter filter = {},
                         report::Dimension by = report::Dimension::family,
                         const report::ReportOptions& options = {}) {
    const report::Families families;
    report::Collector collector(families, std::move(filter), by, options.anonymize);
    Analysed result;
    report::LogLines lines(collector, result.reading);
    feed(lines, log, "finwait.log");
    result.report = make_report(collector, options);
    result.report.reading = result.reading;
    return result;
}

}  // namespace finwait::test
