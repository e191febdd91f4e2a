// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "report/input/live_status.hpp"
#include "report/options.hpp"

namespace finwait::test {
namespace {

using namespace report;
using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr Instant kNow{1'795'348'800'000};  // 2026-11-22 12:00:00 UTC

Options parsed(std::vector<const char*> words) {
    words.insert(words.begin(), "finwait-report");
    return parse_options(static_cast<int>(words.size()), words.data(), kNow);
}

std::string complaint(std::vector<const char*> words) {
    try {
        (void)parsed(std::move(words));
    } catch (const UsageError& error) {
        return error.what();
    }
    return "(none)";
}

struct Times : testing::Test {
    void SetUp() override { set_zone("UTC"); }
    void TearDown() override { set_zone("UTC"); }
    static void set_zone(const char* zone) {
        setenv("TZ", zone, 1);
        tzset();
    }
    static Instant at(const char* text) { return parse_instant(text, kNow).value_or(Instant(-1)); }
};

TEST_F(Times, AreUnderstoodAsPeopleWriteThem) {
    EXPECT_EQ(at("2026-11-22T12:00:00Z"), kNow);
    EXPECT_EQ(at("2026-11-22T12:00:00.250Z"), kNow + 250ms);
    EXPECT_EQ(at("2026-11-22T13:00:00+01:00"), kNow);
    EXPECT_EQ(at("2026-11-22T11:30:00.5-00:30"), kNow + 500ms);
    EXPECT_EQ(at("2026-11-22 12:00"), kNow);
    EXPECT_EQ(at("2026-11-22"), kNow - 12h);
    EXPECT_EQ(at("12:00"), kNow);
    EXPECT_EQ(at("2h ago"), kNow - 2h);
    EXPECT_EQ(at("90 minutes ago"), kNow - 90min);
    EXPECT_EQ(at("now"), kNow);
    EXPECT_EQ(at("today"), kNow - 12h);
    EXPECT_EQ(at("yesterday"), kNow - 36h);
}

TEST_F(Times, AreLocalWithoutAZone) {
    set_zone("Europe/Berlin");
    EXPECT_EQ(at("2026-11-22 13:00"), kNow);
    EXPECT_EQ(at("today"), kNow - 13h);
    EXPECT_EQ(at("2026-11-22T12:00:00Z"), kNow);
}

TEST_F(Times, AreRefusedIfTheyAreNone) {
    for (const char* text : {"", "x", "2026-13-01", "2026-02-30", "25:00", "12:60", "2h", "ago",
                             " ago", "-1h ago", "99999999999h ago", "2026-11-22T12:00:00+1",
                             "2026-11-22T12:00:00ZZ", "2026-11-22x12:00", "12:00x"})
        EXPECT_FALSE(parse_instant(text, kNow)) << text;
}

TEST_F(Times, OfAPeriod) {
    const auto day = parse_period("2026-11-21", kNow);
    ASSERT_TRUE(day);
    EXPECT_EQ(day->since, kNow - 36h);
    EXPECT_EQ(day->until, kNow - 12h);
    EXPECT_EQ(parse_period("yesterday", kNow)->since, day->since);
    EXPECT_EQ(parse_period("3h ago..1h ago", kNow)->until, kNow - 1h);
    EXPECT_FALSE(parse_period("3h ago..", kNow)->until);
    EXPECT_FALSE(parse_period("finwait.log", kNow));
    EXPECT_FALSE(parse_period("../logs", kNow));
}

TEST(ReportOptions, AreWhatWasSaid) {
    const Options options =
        parsed({"--by", "vhost", "--top", "3", "--cause", "keepalive_timeout", "--min=5",
                "--address", "192.0.2.0/24", "--json", "a.log", "-"});
    EXPECT_EQ(options.by, Dimension::vhost);
    EXPECT_EQ(options.top, 3U);
    EXPECT_EQ(options.sample_min, 5U);
    EXPECT_EQ(options.filter.cause, Cause::keepalive_timeout);
    EXPECT_EQ(options.format, Format::json);
    EXPECT_EQ(options.inputs, (std::vector<std::string>{"a.log", "-"}));
    EXPECT_EQ(parsed({"show", "sk:14b83", "a.log"}).show_cookie, 0x14b83U);
    EXPECT_EQ(parsed({"show", "14b83", "a.log"}).inputs, std::vector<std::string>{"a.log"});
    EXPECT_EQ(parsed({"--diff", "a", "b"}).diff->second, "b");
    EXPECT_EQ(parsed({"--live", "http://a/", "https://b/", "http://a/", "--json"}).live_urls,
              (std::vector<std::string>{"http://a/", "https://b/"}));
    EXPECT_EQ(parsed({"--live", "http://a/", "--live", "http://b/"}).live_urls.size(), 2U);
    EXPECT_EQ(parsed({"--live", "http://a/", "--watch"}).watch, 2s);
    EXPECT_EQ(parsed({"--watch", "0.5", "--live", "http://a/"}).watch, 500ms);
    EXPECT_EQ(parsed({"bug-report", "curl", "--command", "curl x", "a.log"}).bug_report->command,
              "curl x");
    EXPECT_EQ(parsed({"bug-report", "curl", "a.log"}).inputs, std::vector<std::string>{"a.log"});
}

TEST(ReportOptions, AreRefusedInASentenceWithTheValueAndTheWayOut) {
    const struct {
        std::vector<const char*> words;
        const char* value;
        const char* way_out;
    } cases[] = {
        {{"--since", "soon"}, "--since 'soon'", "'2h ago'"},
        {{"--by", "colour"}, "--by 'colour'", "family, ua, vhost"},
        {{"--outcome", "x"}, "--outcome 'x'", "late_fin"},
        {{"--cause", "x"}, "--cause 'x'", "client_asked"},
        {{"--ua", "("}, "--ua '('", "regular expression"},
        {{"--address", "300.1.1.1"}, "--address '300.1.1.1'", "192.0.2.0/24"},
        {{"--address", "192.0.2.0/33"}, "'192.0.2.0/33'", "write"},
        {{"--fail-if", "x>1"}, "--fail-if 'x>1'", "stuck>5%"},
        {{"show", "xyz"}, "show 'xyz'", "hexadecimal"},
        {{"--json", "--csv"}, "--json", "choose one"},
        {{"--nonsense"}, "--nonsense", "--help"},
        {{"--top", "many"}, "many", "--help"},
        {{"--live", "http://x/", "a.log"}, "'a.log'", "--live"},
        {{"a.log", "--live", "http://x/"}, "'a.log'", "--live"},
        {{"--live", "http://x/", "bug-report", "curl"}, "--live", "bug-report"},
        {{"--watch"}, "--watch", "--live URL"},
        {{"--live", "http://x/", "--watch", "soon"}, "--watch 'soon'", "0.1 to 3600"},
        {{"--live", "http://x/", "--watch", "0"}, "--watch '0'", "0.1 to 3600"},
        {{"--live", "http://x/", "--watch", "--json"}, "--watch", "--json"},
        {{"bug-report"}, "client", "--help"},
        {{"bug-report", "curl", "--csv"}, "bug-report", "--html"},
        {{"--command", "curl"}, "--command 'curl'", "bug-report"},
        {{"--follow", "--diff", "a", "b"}, "--follow", "--diff"},
        {{"--httpd-conf", "--by", "ua"}, "--httpd-conf", "--by"},
        {{"--httpd-conf", "--diff", "a", "b"}, "--httpd-conf", "--diff"},
        {{"--diff", "--by", "hour", "a", "b"}, "--diff '--by'", "A and B"},
    };
    for (const auto& c : cases)
        EXPECT_THAT(complaint(c.words), AllOf(HasSubstr(c.value), HasSubstr(c.way_out)));
}

TEST(ReportOptions, BoundHowManyServersAreAsked) {
    std::vector<std::string> urls;
    for (std::size_t i = 0; i <= kLiveServersMax; ++i)
        urls.push_back("http://server" + std::to_string(i) + "/");
    std::vector<const char*> words{"--live"};
    for (const std::string& url : urls) words.push_back(url.c_str());
    EXPECT_THAT(complaint(words), HasSubstr("100 servers at most, not 101"));
    words.pop_back();
    EXPECT_EQ(parsed(words).live_urls.size(), kLiveServersMax);
}

}  // namespace
}  // namespace finwait::test
