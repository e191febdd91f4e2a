// SPDX-License-Identifier: Apache-2.0
//
// What is shown of FinWaitAuto: on the status page in its three forms, and before and after in the
// report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "closer/drain/record_keeper.hpp"
#include "module/status/collect.hpp"
#include "module/status/render.hpp"
#include "report/output/csv.hpp"
#include "report/output/figures.hpp"
#include "report/output/json.hpp"
#include "report/output/table.hpp"
#include "unit/closer/channel/channel_sender.hpp"
#include "unit/report/report_logs.hpp"

namespace finwait::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

struct RemedyStatus : testing::Test {
    RemedyStatus() {
        Close stuck = sample_handoff().close;
        stuck.user_agent = "<bad>/1.0";
        stuck.auto_rule = AutoRule{50, 3, 2, 3600};
        stuck.requests = 1;
        stuck.state = TcpState::fin_wait_2;
        stuck.drain = Drain::deadline;
        stuck.cause = Cause::keepalive_timeout;
        stuck.http = HttpVersion::http_1_1;
        for (std::uint8_t network = 1; network <= 3; ++network) {
            stuck.peer.address = {10, 0, network, 1};
            if (network == 3) now.monotonic += kJudgeAfter;
            remedies.book(1, stuck, now);
        }
    }
    [[nodiscard]] StatusView view() const { return collect(sources); }

    ControlChannel control{UniqueFd()};
    Notices notices{control};
    std::unique_ptr<CloserCounters> counters = std::make_unique<CloserCounters>();
    std::unique_ptr<ModuleCounters> module = std::make_unique<ModuleCounters>();
    std::unique_ptr<RemedyTable> table = std::make_unique<RemedyTable>();
    BooksMemory books{UniqueFd(), 0};
    Remedies remedies{*table, 0, *counters, notices, books};
    StatusSources sources{&books.all(), {}, *counters, *module};
    Moment now{std::chrono::seconds(1000), std::chrono::seconds(1'700'000'000)};
};

TEST_F(RemedyStatus, IsARowOfThePageWithItsEvidence) {
    const std::string page = render_page(view());
    EXPECT_THAT(page, HasSubstr("<bdi>&lt;bad&gt;/1.0</bdi>"));
    EXPECT_THAT(page, HasSubstr("nokeepalive"));
    EXPECT_THAT(page, HasSubstr("3 of 3 stuck, 1.0 requests each, 3 networks"));
    EXPECT_THAT(page, HasSubstr(">all</td>"));
}

TEST_F(RemedyStatus, IsInJson) {
    const std::string json = render_json(view());
    EXPECT_THAT(json, HasSubstr("\"remedy\": \"nokeepalive\""));
    EXPECT_THAT(json, HasSubstr("\"user_agent\": \"<bad>/1.0\""));
    EXPECT_THAT(json, HasSubstr("\"network\": null"));
    EXPECT_THAT(json, HasSubstr("\"until_ms\": 1700003600000"));
}

TEST_F(RemedyStatus, IsCountedInTheMetricsWithoutAName) {
    const std::string metrics = render_metrics(view());
    EXPECT_THAT(metrics, HasSubstr("finwait_remedies_total{remedy=\"nokeepalive\"} 1\n"));
    EXPECT_THAT(metrics, HasSubstr("finwait_remedies_total{remedy=\"short\"} 0\n"));
    EXPECT_THAT(metrics, HasSubstr("finwait_remedies_active{remedy=\"nokeepalive\"} 1\n"));
    EXPECT_THAT(metrics, HasSubstr("finwait_remedies_refused_total 0\n"));
    EXPECT_THAT(metrics, Not(HasSubstr("/1.0")));
}

TEST_F(RemedyStatus, OnTrialIsNotActive) {
    now.monotonic += std::chrono::hours(1);
    remedies.turn(now);
    EXPECT_THAT(render_page(view()), HasSubstr("on trial, had nokeepalive"));
    const std::string metrics = render_metrics(view());
    EXPECT_THAT(metrics, HasSubstr("finwait_remedies_active{remedy=\"nokeepalive\"} 0\n"));
    EXPECT_THAT(metrics, HasSubstr("finwait_remedies_total{remedy=\"nokeepalive\"} 1\n"));
}

TEST(RemedyReport, TellsBeforeAndAfter) {
    std::vector<Record> closes(40, a_stuck_close("python-requests/2.28.1"));
    Record remedied = a_close("python-requests/2.28.1");
    remedied.remedy = Remedy::nokeepalive;
    closes.insert(closes.end(), 900, remedied);
    closes.insert(closes.end(), 60, a_close("curl/8.0"));
    for (const std::string& log : {all_log(closes), stuck_log(closes)}) {
        const auto report = analysed(log).report;
        const report::Row& row = report.rows.at(0);
        EXPECT_EQ(900U, row.with_remedy().stuck.whole);
        EXPECT_EQ(0U, row.with_remedy().stuck.part);
        EXPECT_NEAR(2.7, row.with_remedy().socket_seconds, 0.01);
        EXPECT_EQ(40U, row.without_remedy().stuck.whole);
        EXPECT_EQ(40U, row.without_remedy().stuck.part);
        EXPECT_NEAR(676, row.without_remedy().socket_seconds, 0.1);
        EXPECT_EQ("", report::remedy_text(report.rows.at(1)));
        EXPECT_THAT(report::render_table(report, {}, std::nullopt),
                    HasSubstr("on remedy 0 % of 900 stuck, 2.7 s; without 100 % of 40, 11 min"));
        EXPECT_THAT(report::render_json(report, std::nullopt), HasSubstr("\"with_remedy\""));
        EXPECT_THAT(report::render_csv(report, 1), EndsWith(",900,0,2.7,40,40,676\r\n"));
    }
}

}  // namespace
}  // namespace finwait::test
