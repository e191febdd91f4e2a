// SPDX-License-Identifier: Apache-2.0
//
// What Prometheus is told, and that rules, dashboard and documents speak of nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>
#include <simdjson.h>

#include <fstream>
#include <set>
#include <sstream>

#include "module/status/render.hpp"
#include "unit/module/status/status_view.hpp"

namespace finwait {
namespace {

using test::a_view;
using testing::HasSubstr;
using testing::Not;

TEST(StatusMetrics, HaveEveryStateAndOutcomeAlsoAtZero) {
    StatusView view;
    EXPECT_THAT(render_metrics(view), Not(HasSubstr("unattributed\",")));
    view.foreign_unknown.clear();
    view.vhosts.emplace_back();
    const std::string text = render_metrics(view);
    for (const char* owner : {"draining", "waiting", "unattributed", "backends", "other"})
        for (const char* state : {"fin_wait_1", "fin_wait_2", "closing"})
            EXPECT_THAT(text, HasSubstr("finwait_sockets{owner=\"" + std::string(owner) +
                                        "\",state=\"" + state + "\"} 0\n"));
    for (const auto& outcome : kOutcomes)
        EXPECT_THAT(text, HasSubstr("outcome=\"" + std::string(outcome.name) + "\"} 0\n"));
}

TEST(StatusMetrics, NameABackendThatIsConfiguredAndNoOther) {
    StatusView view = a_view();
    view.foreign.backends.push_back(
        {{Endpoint::Family::ipv4, 80, {203, 0, 113, 9}}, "", {0, 1, 0}});
    const std::string text = render_metrics(view);
    EXPECT_THAT(text, HasSubstr("finwait_backend_sockets{address=\"198.51.100.3:8009\","
                                "state=\"fin_wait_2\"} 20\n"));
    EXPECT_THAT(text, Not(HasSubstr("203.0.113.9")));
    EXPECT_THAT(text, HasSubstr("\nfinwait_backends_forgotten_total 4\n"));
    EXPECT_THAT(text, HasSubstr("\nfinwait_up 1\n"));
}

TEST(StatusMetrics, CountCumulativelyInTheHistogram) {
    const std::string text = render_metrics(a_view());
    EXPECT_THAT(text, HasSubstr("finwait_fin_wait_2_seconds_bucket{le=\"0.1\"} 5\n"
                                "finwait_fin_wait_2_seconds_bucket{le=\"1\"} 7\n"
                                "finwait_fin_wait_2_seconds_bucket{le=\"10\"} 10\n"
                                "finwait_fin_wait_2_seconds_bucket{le=\"+Inf\"} 422\n"
                                "finwait_fin_wait_2_seconds_sum 35000\n"
                                "finwait_fin_wait_2_seconds_count 422\n"));
}

TEST(StatusMetrics, CountTheClosesThatTheModuleHasSeen) {
    StatusView view;
    view.module.closes = 9;
    EXPECT_THAT(render_metrics(view), HasSubstr("\nfinwait_connections_closed_total 9\n"));
}

TEST(StatusMetrics, NeverHoldAUserAgentOrAnAddress) {
    const std::string text = render_metrics(a_view());
    EXPECT_THAT(text, Not(HasSubstr("python-requests")));
    EXPECT_THAT(text, Not(HasSubstr("192.0.2.7")));
}

TEST(StatusMetrics, EscapeTheNameOfAVirtualHost) {
    EXPECT_THAT(render_metrics(a_view()), HasSubstr(R"(vhost="quoted\"\\\nname",outcome="fin")"));
}

TEST(StatusMetrics, AreUtf8WhateverAVirtualHostIsCalled) {
    StatusView view = a_view();
    view.vhosts[0].name = "host\xff\xc3";
    EXPECT_TRUE(simdjson::validate_utf8(render_metrics(view)));
}

TEST(StatusMetrics, CountStuckClosesOfEachVirtualHost) {
    StatusView view = a_view();
    view.vhosts[1].finished.stuck = 7;
    const std::string text = render_metrics(view);
    EXPECT_THAT(text, HasSubstr("finwait_stuck_closes_total{vhost=\"www.example.org\"} 412\n"));
    EXPECT_THAT(text, HasSubstr("finwait_stuck_closes_total{vhost=\"quoted\\\"\\\\\\nname\"} 7\n"));
}

TEST(StatusMetrics, KnowThePeakOfTheLastMinuteAndNoOlderOne) {
    StatusView view = a_view();
    view.hour.assign(kHistoryPoints, {1, 2});
    view.hour[kHistoryPoints - 6] = {900, 0};
    EXPECT_THAT(render_metrics(view), HasSubstr("\nfinwait_fin_wait_2_peak_sockets 3\n"));
    view.hour[kHistoryPoints - 5] = {500, 12};
    EXPECT_THAT(render_metrics(view), HasSubstr("\nfinwait_fin_wait_2_peak_sockets 512\n"));
    view.hour.resize(1);
    EXPECT_THAT(render_metrics(view), HasSubstr("\nfinwait_fin_wait_2_peak_sockets 3\n"));
    view.hour.clear();
    EXPECT_THAT(render_metrics(view), HasSubstr("\nfinwait_fin_wait_2_peak_sockets 0\n"));
}

TEST(StatusMetrics, SayHowMuchOfItIsOneClientsAndHowManyThereAre) {
    StatusView view = a_view();
    view.culprits = 2;
    view.accounts_left_out = 5;
    const std::string text = render_metrics(view);
    EXPECT_THAT(text, HasSubstr("\nfinwait_top_client_ratio 0.958"));  // 412 of 430
    EXPECT_THAT(text, HasSubstr("\nfinwait_culprits 2\n"));
    EXPECT_THAT(text, HasSubstr("\nfinwait_accounts 8\n"));
    EXPECT_THAT(text, HasSubstr("\nfinwait_oldest_socket_age_seconds 14\n"));
    const std::string nothing = render_metrics(StatusView());
    EXPECT_THAT(nothing, HasSubstr("\nfinwait_top_client_ratio 0\n"));
    EXPECT_THAT(nothing, HasSubstr("\nfinwait_oldest_socket_age_seconds 0\n"));
}

using Names = std::set<std::string>;

std::string file_text(const char* path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return std::move(text).str();
}

Names found(const std::string& text, const RE2& name) {
    Names names;
    re2::StringPiece rest(text);
    for (std::string one; RE2::FindAndConsume(&rest, name, &one);) names.insert(one);
    return names;
}

StatusView a_view_with_everything() {
    StatusView view = a_view();
    view.other = view.accounts.front();
    return view;
}

TEST(StatusMetrics, AreThoseOfTheDocument) {
    const Names families =
        found(render_metrics(a_view_with_everything()), RE2("# TYPE (finwait_\\w+) "));
    EXPECT_GT(families.size(), 40U);
    const std::string document = file_text("docs/status.md");
    EXPECT_EQ(found(document.substr(document.find("## ?metrics")), RE2("`(finwait_\\w+)")),
              families);
}

// t/fleet/alarms checks the same on a page that was scraped; this is there whenever one is renamed.
TEST(StatusMetrics, AreAllThatRulesAndDashboardAskFor) {
    const std::string text = render_metrics(a_view_with_everything());
    for (const char* file :
         {"conf/fleet/prometheus/finwait-rules.yml", "conf/fleet/grafana/finwait-dashboard.json"}) {
        const Names asked = found(file_text(file), RE2("[^:\\w](finwait_[a-z0-9_]+)[^:\\w]"));
        EXPECT_GT(asked.size(), 10U) << file;
        for (const std::string& name : asked)
            EXPECT_TRUE(RE2::PartialMatch(text, "\n" + name + "[ {]")) << file << ": " << name;
    }
}

}  // namespace
}  // namespace finwait
