// SPDX-License-Identifier: Apache-2.0
//
// A server's whole traffic, 50,000 closes: of all kinds at once exactly the guilty ones are named,
// each with the advice for its kind. That each advice works is t/server/advice_test.cpp's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <sstream>

#include "report/output/httpd_conf.hpp"
#include "unit/report/report_logs.hpp"

namespace finwait::test {
namespace {

using namespace report;
using testing::UnorderedElementsAre;

constexpr const char* kBrowsers[] = {"Firefox/1", "Chrome/1", "Safari/1"};
constexpr std::uint8_t kPool = 200, kProxyPerConnection = 201, kWellProxy = 202, kViaProxy = 203;

class Traffic {
  public:
    void add(std::size_t count, const std::function<Record(std::size_t)>& one) {
        for (std::size_t i = 0; i < count; ++i) closes_.push_back(one(i));
    }
    // In no order.
    std::vector<Record> mixed() {
        std::shuffle(closes_.begin(), closes_.end(), std::mt19937(1));
        return std::move(closes_);
    }

  private:
    std::vector<Record> closes_;
};

std::uint8_t host(std::size_t i) {
    return static_cast<std::uint8_t>(1 + i % 100);
}

Record of(HttpVersion http, Record record) {
    record.http = http;
    return record;
}
Record idle(const char* user_agent, std::size_t i, HttpVersion http = HttpVersion::http_1_1) {
    Record record = of(http, a_stuck_close(user_agent, host(i)));
    record.requests = 1;
    return record;
}
Record not_closing_after_a_reply(std::size_t i) {
    Record record = idle("lazy/1", i);
    record.cause = Cause::client_asked;
    return record;
}
Record vanished(std::size_t i) {
    Record record = a_stuck_close("Phone/1", host(i));
    record.probe = Probe::silent;
    record.outcome = Outcome::vanished;
    return record;
}
Record pooled(Record record) {
    record.is_shared = true;
    return record;
}
Record with_via(Record record) {
    record.has_via = true;
    return record;
}

std::vector<Record> traffic() {
    Traffic traffic;
    traffic.add(38'000, [](std::size_t i) {
        return of(i % 2 ? HttpVersion::http_2 : HttpVersion::http_1_1,
                  a_close(kBrowsers[i % 3], host(i)));
    });
    // Who is stuck now and then is no culprit.
    traffic.add(200, [](std::size_t i) { return idle(kBrowsers[i % 3], i); });
    traffic.add(1'900, [](std::size_t i) { return idle("python/1", i); });
    traffic.add(100, [](std::size_t i) { return a_close("python/1", host(i)); });
    traffic.add(1'500, [](std::size_t i) { return idle("h2c/1", i, HttpVersion::http_2); });
    traffic.add(1'300, not_closing_after_a_reply);
    traffic.add(2'000, vanished);
    traffic.add(1'500,
                [](std::size_t i) { return pooled(a_stuck_close(kBrowsers[i % 3], kPool)); });
    traffic.add(1'500,
                [](std::size_t i) { return a_stuck_close(kBrowsers[i % 3], kProxyPerConnection); });
    traffic.add(1'000,
                [](std::size_t i) { return with_via(a_close(kBrowsers[i % 3], kWellProxy)); });
    traffic.add(1'000,
                [](std::size_t i) { return with_via(a_stuck_close(kBrowsers[i % 3], kViaProxy)); });
    return traffic.mixed();
}

std::vector<std::string> advice_in(const std::string& conf) {
    std::vector<std::string> lines;
    std::istringstream all(conf);
    for (std::string line; std::getline(all, line);)
        if (line.find("BrowserMatch ") == 4 || line.find("SetEnvIfExpr ") == 4)
            lines.push_back(line.substr(4));
    return lines;
}

TEST(MixedTraffic, HasExactlyItsGuiltyOnesEachWithItsAdvice) {
    const std::vector<Record> closes = traffic();
    ASSERT_EQ(closes.size(), 50'000U);
    const Families families;
    Collector collector(families, {}, Dimension::family, false);
    Reading reading;
    LogLines lines(collector, reading);
    feed(lines, all_log(closes), "finwait.log");
    const Report report = make_report(collector, {});
    const std::string less = " finwait-idle=1s finwait-timeout=1s";
    const auto proxy = [&](const char* address) {
        return "SetEnvIfExpr \"%{CONN_REMOTE_ADDR} == '" + std::string(address) + "'\"" + less;
    };
    EXPECT_THAT(advice_in(render_httpd_conf(report, collector)),
                UnorderedElementsAre("BrowserMatch \"^python/1\\b\" nokeepalive",
                                     "BrowserMatch \"^h2c/1\\b\"" + less,
                                     "BrowserMatch \"^lazy/1\\b\"" + less, proxy("192.0.2.200"),
                                     proxy("192.0.2.201"), proxy("192.0.2.203")));
}

}  // namespace
}  // namespace finwait::test
