// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <fstream>

#include "module/status/render.hpp"
#include "module/status/verdict.hpp"
#include "presentation/text.hpp"
#include "unit/module/status/status_view.hpp"

namespace finwait {
namespace {

using test::a_view;
using test::account;
using testing::HasSubstr;
using testing::Not;

constexpr char kBackends[] =
    " 20 sockets to backends are in FIN_WAIT_2: httpd has closed, 198.51.100.3:8009 "
    "(ajp://app<1>.example.org:8009) has not closed 20.";

TEST(Verdict, NamesTheCulprit) {
    const Verdict verdict = verdict_of(a_view());
    EXPECT_EQ(
        verdict.sentence(),
        "python-requests/2.28.1 holds 412 of 430 sockets in FIN_WAIT_2 on this server's ports "
        "(96 %)." +
            std::string(kBackends));
    EXPECT_EQ(verdict.level, Verdict::Level::watch);
}

TEST(Verdict, AccusesNobodyWhoHoldsLessThanHalf) {
    StatusView view = a_view();
    view.culprit = {"b", 30};
    EXPECT_THAT(verdict_of(view).sentence(),
                HasSubstr("430 sockets in FIN_WAIT_2 on this server's ports, and no one client "
                          "holds most of them: b comes first with 30."));
}

TEST(Verdict, SaysWhenTheSocketsAreNotOurs) {
    StatusView view = a_view();
    view.foreign.unattributed.fin_wait_2 = 1000;
    EXPECT_THAT(verdict_of(view).sentence(), HasSubstr("1000 of 1415 sockets"));
    EXPECT_TRUE(verdict_of(view).user_agent.empty());
}

TEST(Verdict, IsCalmWithFewSocketsAndBadNearTheKernelsLimits) {
    StatusView view;
    view.foreign_unknown.clear();
    EXPECT_EQ(verdict_of(view).sentence(), "No socket is in FIN_WAIT_2 on this server's ports.");
    EXPECT_EQ(verdict_of(view).level, Verdict::Level::calm);
    view.culprit = {shown_client("", ""), 1};
    view.draining.fin_wait_2 = 1;
    EXPECT_EQ(verdict_of(view).sentence(),
              "(no User-Agent) holds 1 of 1 socket in FIN_WAIT_2 on this server's ports (100 %).");
    EXPECT_EQ(verdict_of(view).level, Verdict::Level::calm);
    view.kernel.tw_buckets = view.kernel.max_tw_buckets = 1000;
    EXPECT_EQ(verdict_of(view).level, Verdict::Level::bad);
    EXPECT_THAT(verdict_of(view).sentence(),
                HasSubstr("tcp_max_tw_buckets is at 1000 of 1000: beyond it the kernel forgets"));
}

TEST(Verdict, SaysWhatIsNotKnown) {
    EXPECT_EQ(verdict_of(StatusView()).sentence(),
              "No socket is in FIN_WAIT_2 on this server's ports; those that are not the closer's "
              "are not known.");
}

TEST(Verdict, SpeaksOfBackendsAlsoWhereNoClientKeepsASocket) {
    StatusView view = a_view();
    view.draining = view.waiting = view.foreign.unattributed = {};
    EXPECT_EQ(verdict_of(view).sentence(),
              "No socket is in FIN_WAIT_2 on this server's ports." + std::string(kBackends));
    EXPECT_EQ(verdict_of(view).level, Verdict::Level::watch);
}

TEST(Verdict, BeginsWithWhatIsWrong) {
    StatusView view = a_view();
    view.trouble = "the closer (process 7) has ended";
    view.figures_of = std::chrono::milliseconds(1'700'000'000'123);
    EXPECT_THAT(verdict_of(view).sentence(),
                testing::StartsWith("The closer (process 7) has ended. The figures are of "
                                    "2023-11-14 22:13:20 UTC. python-requests/2.28.1 holds"));
    EXPECT_EQ(verdict_of(view).level, Verdict::Level::bad);
}

TEST(StatusPage, HoldsHostileTextAsText) {
    const std::string html = render_page(a_view());
    EXPECT_THAT(html, Not(HasSubstr("<script")));
    EXPECT_THAT(html, Not(HasSubstr("<img")));
    EXPECT_THAT(html, Not(HasSubstr("<b>notice")));
    EXPECT_THAT(html, HasSubstr("&lt;script&gt;document.title=&#39;pwned&#39;"));
    EXPECT_TRUE(simdjson::validate_utf8(html));
}

TEST(StatusPage, NeedsNothingElse) {
    const std::string html = render_page(a_view());
    EXPECT_THAT(html, HasSubstr(escaped(kStatusContentPolicy)));
    for (const char* foreign :
         {"<link", "<iframe", "<object", "url(", "@import", "http:", "https:"})
        EXPECT_THAT(html, Not(HasSubstr(foreign)));
}

TEST(StatusPage, BeginsWithTheVerdict) {
    const std::string html = render_page(a_view());
    const auto verdict = html.find("<b><bdi>python-requests/2.28.1</bdi></b> holds 412 of 430");
    ASSERT_NE(verdict, std::string::npos);
    EXPECT_LT(verdict, html.find("<table"));
    EXPECT_LT(verdict, html.find("class=\"tile\""));
}

TEST(StatusPage, NamesTwentyBackendsAndAddsUpTheRest) {
    StatusView view = a_view();
    view.foreign.backends.assign(25,
                                 {{Endpoint::Family::ipv4, 80, {203, 0, 113, 9}}, "", {0, 2, 0}});
    const std::string html = render_page(view);
    EXPECT_THAT(html,
                HasSubstr("to backends <small>the other 5</small></td><td>0</td><td>10</td>"));
    int named = 0;
    for (auto at = html.find("to backend 203"); at != std::string::npos;
         at = html.find("to backend 203", at + 1))
        ++named;
    EXPECT_EQ(named, 20);
    view.foreign.backends.resize(20);
    EXPECT_THAT(render_page(view), Not(HasSubstr("to backends <small>")));
}

TEST(StatusPage, OfNothingIsWhole) {
    const std::string html = render_page(StatusView());
    EXPECT_THAT(html,
                HasSubstr("No socket is in FIN_WAIT_2 on this server&#39;s ports; those that are"));
    EXPECT_THAT(html, HasSubstr("None yet."));
    EXPECT_TRUE(html.ends_with("</html>\n"));
}

// For people and for t/page: FINWAIT_PAGE=file writes the page there.
TEST(StatusPage, CanBeLookedAt) {
    const char* file = std::getenv("FINWAIT_PAGE");
    if (file != nullptr) std::ofstream(file) << render_page(a_view());
}

TEST(StatusJson, SaysWhatTheViewHolds) {
    const std::string text = render_json(a_view());
    simdjson::dom::parser parser;
    const simdjson::dom::element json = parser.parse(text);
    EXPECT_EQ(std::int64_t(json["version"]), kStatusJsonVersion);
    EXPECT_EQ(std::string_view(json["verdict"]["level"]), "watch");
    EXPECT_EQ(std::int64_t(json["sockets"]["draining"]["fin_wait_2"]), 200);
    EXPECT_EQ(std::int64_t(json["sockets"]["unattributed"]["fin_wait_2"]), 15);
    EXPECT_EQ(std::int64_t(json["sockets"]["to_backends"]["fin_wait_2"]), 20);
    EXPECT_EQ(std::string_view(json["sockets"]["backends"].at(0)["address"]), "198.51.100.3");
    EXPECT_EQ(std::int64_t(json["sockets"]["backends_forgotten"]), 4);
    EXPECT_EQ(std::int64_t(json["sockets"]["counted_ms"]), 1'700'003'597'900);
    EXPECT_TRUE(json["trouble"].is_null());
    EXPECT_EQ(std::int64_t(json["kernel"]["tcp_max_orphans"]), 32'768);
    const simdjson::dom::element first = json["accounts"].at(0);
    EXPECT_EQ(std::string_view(first["user_agent"]), "python-requests/2.28.1");
    EXPECT_EQ(std::int64_t(first["finished"]["outcomes"]["timeout"]), 412);
    EXPECT_EQ(std::string_view(json["oldest"].at(0)["cookie"]), "1f3a");
    EXPECT_EQ(json["hour"]["draining"].get_array().size(), kHistoryPoints);
}

TEST(StatusJson, OfHostileTextIsValid) {
    const std::string text = render_json(a_view());
    simdjson::dom::parser parser;
    const simdjson::dom::element json = parser.parse(text);
    EXPECT_THAT(std::string(std::string_view(json["accounts"].at(1)["user_agent"])),
                HasSubstr("<script>document.title='pwned'</script>"));
}

TEST(StatusJson, OfWhatIsNotKnownIsNull) {
    const std::string text = render_json(StatusView());
    simdjson::dom::parser parser;
    const simdjson::dom::element json = parser.parse(text);
    EXPECT_TRUE(json["kernel"]["orphans"].is_null());
    EXPECT_TRUE(json["sockets"]["unattributed"].is_null());
}

TEST(Text, IsShownAsPeopleReadIt) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1'234'567), "1,234,567");
    EXPECT_EQ(bytes_text(999), "999 B");
    EXPECT_EQ(bytes_text(1'400'000), "1.4 MB");
    EXPECT_EQ(seconds_text(0.32), "320 ms");
    EXPECT_EQ(seconds_text(4.2), "4.2 s");
    EXPECT_EQ(seconds_text(59.99), "1 min");
    EXPECT_EQ(seconds_text(7500), "2 h 5 min");
    EXPECT_EQ(seconds_text(3 * 86'400 + 4 * 3600), "3 d 4 h");
    EXPECT_EQ(time_text(std::chrono::milliseconds(1'700'000'000'123)), "2023-11-14 22:13:20 UTC");
    EXPECT_EQ(hex_text(0x1f3a), "1f3a");
}

// With hundreds of them the page shows those that cost most; programs get all.
TEST(StatusPage, OfManyVirtualHostsSaysWhatItLeavesOut) {
    StatusView view = a_view();
    view.vhosts.clear();
    for (int i = 0; i < 130; ++i) {
        view.vhosts.push_back({"host-" + std::to_string(i) + ".example", {}});
        view.vhosts.back().finished.socket_seconds = i;
    }
    const std::string all = render_page(view);
    EXPECT_THAT(all, HasSubstr("host-129.example"));
    EXPECT_THAT(all, Not(HasSubstr("host-29.example")));
    EXPECT_THAT(all, HasSubstr("and 30 more"));
    EXPECT_THAT(all, Not(HasSubstr("(other): about")));
    view.vhosts_left_out = 1'234;
    EXPECT_THAT(render_page(view),
                HasSubstr("(other): about 1,234 more, as FinWaitLedgerSize was reached"));
    simdjson::dom::parser parser;
    const auto json = parser.parse(render_json(view));
    EXPECT_EQ(simdjson::dom::array(json["vhosts"]).size(), 130U);
    EXPECT_EQ(std::uint64_t(json["vhosts_left_out"]), 1'234U);
    EXPECT_THAT(render_metrics(view), HasSubstr("\nfinwait_vhosts_left_out 1234\n"));
}

TEST(Text, IsNotCutWithinACharacter) {
    EXPECT_EQ(clipped("abc", 3), "abc");
    EXPECT_EQ(clipped("a\u00e9b", 2), "a\u2026");
}

TEST(Text, ThatIsNotUtf8OrAControlCharacterIsMadeVisible) {
    EXPECT_EQ(escaped("a\xff"
                      "b"),
              "a\uFFFDb");
    EXPECT_EQ(escaped(std::string("\0\x1b\x7f", 3)), "&#9216;&#9243;&#9249;");
}

TEST(TimeHistogram, KnowsWhereAShareLies) {
    TimeHistogram times;
    EXPECT_FALSE(times.quantile(0.5));
    times.buckets = {{0.1, 50}, {1, 49}};
    times.beyond = 1;
    EXPECT_EQ(times.quantile(0.5), 0.1);
    EXPECT_EQ(times.quantile(0.99), 1);
    EXPECT_FALSE(times.quantile(1));
}

}  // namespace
}  // namespace finwait
