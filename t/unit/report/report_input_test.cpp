// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module/status/render.hpp"
#include "report/analysis/timeline.hpp"
#include "report/input/live_status.hpp"
#include "report/input/progress.hpp"
#include "report/output/httpd_conf.hpp"
#include "unit/module/status/status_view.hpp"
#include "unit/report/report_logs.hpp"

namespace finwait::test {
namespace {

using namespace report;
using testing::HasSubstr;
using namespace std::chrono_literals;

struct LiveStatus : testing::Test {
    bool take(std::string_view json) { return take_status(json, collector, reading).has_value(); }

    Families families;
    Collector collector{families, {}, Dimension::ua, false};
    Reading reading;
};

// The two programs agree on ?json only here: what the closer renders, the report must read.
TEST_F(LiveStatus, IsReadAsTheCloserRendersIt) {
    const StatusView view = a_view();
    ASSERT_TRUE(take(render_json(view)));
    std::uint64_t closes = 0, stuck = 0;
    double seconds = 0;
    const auto add = [&](const AccountView& account) {
        closes += account.finished.closes;
        stuck += account.finished.stuck;
        seconds += account.finished.socket_seconds;
    };
    for (const AccountView& account : view.accounts) add(account);
    if (view.other) add(*view.other);
    const Report report = make_report(collector, {});
    EXPECT_GT(closes, 0U);
    EXPECT_EQ(report.all.tally.closes, closes);
    EXPECT_EQ(report.all.tally.stuck, stuck);
    EXPECT_NEAR(report.all.socket_seconds(), seconds, 1e-3);
    EXPECT_EQ(take_status(render_json(view), collector, reading)->sockets, 430U);
}

TEST_F(LiveStatus, IsRefusedIfItIsNone) {
    StatusView view = a_view();
    std::string half = render_json(view);
    half.replace(half.find("accounts_left_out"), 8, "ACCOUNTS");
    const char* const kHalfAPage = half.c_str();
    for (const char* json : {"", "<html>", "{}", "[]", R"({"version":1})", R"({"version":"1"})",
                             R"({"version":2,"now_ms":0,"accounts":[1]})", kHalfAPage,
                             R"({"version":2,"error":"no closer"})"})
        EXPECT_FALSE(take(json)) << json;
    EXPECT_EQ(make_report(collector, {}).all.tally.closes, 0U) << "of half a page nothing is taken";
}

TEST_F(LiveStatus, IsShownWithoutItsPassword) {
    EXPECT_EQ(without_password("http://user:secret@host:80/a@b?c"), "http://host:80/a@b?c");
    EXPECT_EQ(without_password("https://u:p@ss@host"), "https://host");
    EXPECT_EQ(without_password("http://host/a@b"), "http://host/a@b");
    EXPECT_EQ(without_password("http://host"), "http://host");
}

TEST(Timeline, HasFewPointsHoweverLongItIs) {
    Timeline timeline;
    for (int minute = 0; minute < 100'000; ++minute) timeline.add(kNoon + minute * 1min, {1, 0});
    EXPECT_LE(timeline.points().size(), 400U);
    EXPECT_GT(timeline.points().size(), 150U);
    std::uint64_t closes = 0;
    for (const auto& [number, point] : timeline.points()) closes += point.closes;
    EXPECT_EQ(closes, 100'000U);
}

TEST(Progress, SaysHowMuchHowFastAndHowLongStill) {
    EXPECT_EQ(progress_text(500'000'000, 1'000'000'000, 1),
              "500.0 MB of 1.0 GB (50 %), 500.0 MB/s, 1.0 s left");
    EXPECT_EQ(progress_text(1'000, 0, 1), "1.0 kB, 1.0 kB/s");
}

std::string conf_of(const std::vector<Record>& closes) {
    const Families families;
    Collector collector(families, {}, Dimension::family, false);
    Reading reading;
    LogLines lines(collector, reading);
    feed(lines, all_log(closes), "finwait.log");
    return render_httpd_conf(make_report(collector, {}), collector);
}

Record left_idle(HttpVersion http, std::uint32_t requests = 1) {
    Record record = a_stuck_close("Idle/1.0");
    record.http = http;
    record.requests = requests;
    return record;
}

std::string conf_of_idle(const std::vector<Record>& stuck) {
    std::vector<Record> closes(100, a_close("curl/8.0"));
    closes.insert(closes.end(), stuck.begin(), stuck.end());
    return conf_of(closes);
}

TEST(HttpdConf, TakesKeepAliveFromWhoLeavesItIdle) {
    EXPECT_THAT(conf_of_idle({60, left_idle(HttpVersion::http_1_1)}),
                HasSubstr("BrowserMatch \"^Idle/1\\.0\\b\" nokeepalive\n"));
}

TEST(HttpdConf, LeavesKeepAliveToWhoUsesItAndWhereHttpdIgnoresNoKeepAlive) {
    for (const Record& record :
         {left_idle(HttpVersion::http_1_1, 2), left_idle(HttpVersion::http_2)})
        EXPECT_THAT(
            conf_of_idle({60, record}),
            HasSubstr("BrowserMatch \"^Idle/1\\.0\\b\" finwait-idle=1s finwait-timeout=1s\n"));
}

TEST(HttpdConf, GivesBothToWhoNeedsBoth) {
    std::vector<Record> stuck(40, left_idle(HttpVersion::http_1_1));
    stuck.insert(stuck.end(), 20, left_idle(HttpVersion::http_2));
    EXPECT_THAT(conf_of_idle(stuck),
                HasSubstr("\" nokeepalive finwait-idle=1s finwait-timeout=1s\n"));
}

// It sent GOAWAY, and no FIN after it.
TEST(HttpdConf, TakesNobodyForIdleWhoWentFirst) {
    Record record = left_idle(HttpVersion::http_1_1);
    record.cause = Cause::client_gone;
    EXPECT_THAT(conf_of_idle({60, record}), HasSubstr("\" finwait-idle=1s finwait-timeout=1s\n"));
}

TEST(HttpdConf, HasLessPatienceWithWhoDoesNotCloseAfterAReplyEither) {
    std::vector<Record> closes(100, a_close("curl/8.0"));
    closes.insert(closes.end(), 60, a_stuck_close("Never/1.0"));
    for (Record& record : closes)
        if (record.is_stuck()) record.cause = Cause::client_asked;
    EXPECT_THAT(conf_of(closes),
                HasSubstr("BrowserMatch \"^Never/1\\.0\\b\" finwait-idle=1s finwait-timeout=1s\n"));
}

// A product that others bear too names the culprit only in full.
TEST(HttpdConf, MatchesNobodyElse) {
    std::vector<Record> closes(100, a_close("Mozilla/5.0 (good)"));
    closes.insert(closes.end(), 60, a_stuck_close("Mozilla/5.0-bad (x)"));
    EXPECT_THAT(conf_of(closes), HasSubstr("BrowserMatch \"^Mozilla/5\\.0-bad\\b\""));
}

TEST(HttpdConf, GoesByAProductsNameOnlyWhereItCanWriteIt) {
    std::vector<Record> closes(400, a_close("curl/8.0"));
    closes.insert(closes.end(), 60, a_stuck_close("Meier/1.0 a"));
    closes.insert(closes.end(), 60, a_stuck_close("M\xef\xbf\xbdller/1.0 a"));
    EXPECT_THAT(conf_of(closes), HasSubstr("\"^Meier/1\\.0\\b\""));
    EXPECT_THAT(conf_of(closes), HasSubstr("ller/1\\.0 a$\""));
}

TEST(HttpdConf, SaysWhenThereIsNothingToConfigure) {
    EXPECT_THAT(conf_of({100, a_close("curl/8.0")}), HasSubstr("nothing to configure"));
}

}  // namespace
}  // namespace finwait::test
