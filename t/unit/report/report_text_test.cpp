// SPDX-License-Identifier: Apache-2.0
//
// Whatever a client calls itself, no output lets it act.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <nlohmann/json.hpp>
#include <sstream>

#include "report/output/csv.hpp"
#include "report/output/diff.hpp"
#include "report/output/figures.hpp"
#include "report/output/httpd_conf.hpp"
#include "report/output/json.hpp"
#include "report/output/markdown.hpp"
#include "report/output/story.hpp"
#include "report/output/table.hpp"
#include "report/output/terminal_text.hpp"
#include "unit/report/report_logs.hpp"

namespace finwait::test {
namespace {

using namespace report;
using testing::HasSubstr;
using testing::Not;
using namespace std::string_literals;

const std::string kHostile[] = {
    "\x1b]0;pwned\x07\x1b[2J\x1b[31m",
    "a\r\nb\tc\x7f",
    "\xc2\x9b"
    "31m C1",
    "\xe2\x80\xae"
    "txt.exe",
    "\xff\xfe not UTF-8",
    "<script>alert(1)</script>",
    "=HYPERLINK(\"http://x\")",
    "|`*_[x](javascript:1)",
    "\" nokeepalive\nLoadModule evil evil.so",
    "back\\slash\\",
    "${PATH} %{HTTP_HOST}",
    std::string(512, 'A'),
    "\xe6\xbc\xa2\xe5\xad\x97/1.0",
    "zero\0byte"s,
};

bool is_printable(std::string_view text) {
    std::string lines;
    for (const char c : text) lines += c == '\n' ? ' ' : c;
    return terminal_text(lines) == lines;
}

// A log in which that client is the culprit.
Report report_of(const std::string& user_agent) {
    std::vector<Record> closes(400, a_close("curl/8.0"));
    closes.insert(closes.end(), 60, a_stuck_close(user_agent));
    return analysed(all_log(closes)).report;
}

TEST(ReportText, NeverReachesTheTerminalAsControl) {
    for (const std::string& agent : kHostile) {
        const Report report = report_of(agent);
        EXPECT_TRUE(is_printable(render_table(report, {}, std::nullopt))) << agent;
        EXPECT_TRUE(is_printable(render_table(report, {}, 5))) << agent;
        EXPECT_TRUE(is_printable(render_markdown(report, std::nullopt))) << agent;
        EXPECT_TRUE(is_printable(tell_story(a_close(agent), {agent, "", agent}, false))) << agent;
    }
}

TEST(ReportText, FitsTheScreen) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
    for (const std::string& agent : kHostile) {
        const std::string table = render_table(report_of(agent), {}, std::nullopt);
        EXPECT_LE(std::count(table.begin(), table.end(), '\n'), 24);
        std::string_view rest = table;
        while (!rest.empty()) {
            const std::size_t length = rest.find('\n');
            EXPECT_LE(columns_of(rest.substr(0, length)), 80U) << rest.substr(0, length);
            rest.remove_prefix(length + 1);
        }
    }
}

TEST(ReportText, FitsTheScreenWithManyClients) {
    std::vector<Record> closes = some_closes(3'000);
    for (int i = 0; i < 60; ++i)
        for (int j = 0; j < 40; ++j)
            closes.push_back(a_stuck_close("Client-" + std::to_string(i) + "/1.0"));
    const Report report = analysed(all_log(closes)).report;
    EXPECT_GT(report.culprits().size(), 50U);
    const std::string table = render_table(report, {}, std::nullopt);
    EXPECT_LE(std::count(table.begin(), table.end(), '\n'), 24);
    const std::string all = render_table(report, {}, 100);
    EXPECT_GT(std::count(all.begin(), all.end(), '\n'), 60);
}

TEST(ReportText, TellsInASecondLineWhatItsColumnIsTooNarrowFor) {
    const std::string agent = "BadBrowser/1.0 (compatible; of a long name)";
    std::vector<Record> closes(400, a_close("curl/8.0"));
    closes.insert(closes.end(), 60, a_stuck_close(agent));
    const Report report = analysed(all_log(closes), {}, Dimension::ua).report;
    const std::string table = render_table(report, {}, std::nullopt);
    EXPECT_THAT(table, HasSubstr("\nBadBrowser/1.0 (com… "));
    EXPECT_THAT(table, HasSubstr("\n  all from 192.0.2.1; " + agent));
    EXPECT_THAT(table, Not(HasSubstr(" \n")));
}

TEST(ReportText, HasNoColourUnlessAsked) {
    const Report report = report_of("a");
    EXPECT_THAT(render_table(report, {}, std::nullopt), Not(HasSubstr("\x1b")));
    EXPECT_THAT(render_table(report, {80, 24, true}, std::nullopt), HasSubstr("\x1b[1;31m"));
}

TEST(Markdown, HasNoMarkupOfTheClients) {
    for (const char active : {'<', '>'})
        EXPECT_THAT(markdown_text("a<b>c"), Not(HasSubstr(std::string(1, active))));
    EXPECT_EQ(markdown_text("|`*_[x]$"), "\\|\\`\\*\\_\\[x\\]\\$");
}

TEST(Markdown, NamesNobodyAndNoTicket) {
    EXPECT_EQ(markdown_text("@you #1"), "\\@<!-- -->you \\#<!-- -->1");
}

TEST(Csv, HasNoFormulaAndOneLinePerRow) {
    EXPECT_EQ(csv_field("=1+1"), "\"'=1+1\"");
    EXPECT_EQ(csv_field("@x"), "\"'@x\"");
    EXPECT_EQ(csv_field("say \"hi\""), "\"say \"\"hi\"\"\"");
    for (const std::string& agent : kHostile) {
        const std::string csv = render_csv(report_of(agent), std::nullopt);
        EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3) << csv;
    }
}

// No client bears a comma here.
void expect_as_many_fields_as_names(const std::string& csv) {
    const std::ptrdiff_t commas = std::count(csv.begin(), csv.begin() + csv.find('\n'), ',');
    EXPECT_GT(commas, 10);
    std::istringstream lines(csv);
    for (std::string line; std::getline(lines, line);)
        EXPECT_EQ(std::count(line.begin(), line.end(), ','), commas) << line;
}

TEST(Csv, HasAFieldForEachNameInItsHeader) {
    const Report before = analysed(all_log(some_closes(1'000))).report;
    expect_as_many_fields_as_names(render_csv(before, std::nullopt));
    Diff diff = compare(before, report_of("new/1.0"));
    expect_as_many_fields_as_names(render_diff_csv(diff, std::nullopt));
}

TEST(ReportDiff, LetsNoTextOfTheClientsActInAnyForm) {
    for (const std::string& agent : kHostile) {
        Diff diff = compare(report_of("curl/8.0"), report_of(agent));
        diff.before_name = diff.after_name = "a|b\x1b[2J<x>";
        const std::string markdown = render_diff_markdown(diff, std::nullopt);
        EXPECT_TRUE(is_printable(markdown)) << agent;
        EXPECT_THAT(markdown, Not(HasSubstr("<"))) << agent;
        EXPECT_TRUE(is_printable(render_diff_table(diff, {}, std::nullopt))) << agent;
        const std::string csv = render_diff_csv(diff, std::nullopt);
        EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3) << csv;
    }
}

TEST(ReportDiff, JudgesNoClientOfTooFewCloses) {
    const auto change_with = [](std::size_t closes_after) {
        std::vector<Record> after(closes_after, a_close("rare/1.0"));
        for (std::size_t i = 0; i < closes_after / 3; ++i) after[i] = a_stuck_close("rare/1.0");
        const std::vector<Record> before(200, a_close("rare/1.0"));
        return compare(analysed(all_log(before), {}, Dimension::family, {30}).report,
                       analysed(all_log(after), {}, Dimension::family, {30}).report)
            .rows.at(0)
            .change;
    };
    EXPECT_EQ(change_with(29), Change::same);
    EXPECT_EQ(change_with(30), Change::worse);
}

TEST(ReportDiff, TellsNewsFirstAndThenWhatCosts) {
    std::vector<Record> before(400, a_close("curl/8.0")), after(400, a_close("curl/8.0"));
    before.insert(before.end(), 60, a_stuck_close("usual/1.0"));
    after.insert(after.end(), 60, a_stuck_close("usual/1.0"));
    after.insert(after.end(), 60, a_close("harmless/1.0"));
    after.insert(after.end(), 60, a_stuck_close("worst/1.0"));
    const Diff diff = compare(analysed(all_log(before)).report, analysed(all_log(after)).report);
    std::vector<std::string> names;
    for (const DiffRow& row : diff.rows) names.push_back(row.name);
    EXPECT_EQ(names,
              (std::vector<std::string>{"worst/1.0", "usual/1.0", "curl/8.0", "harmless/1.0"}));
    EXPECT_THAT(
        render_diff_markdown(diff, 1),
        AllOf(HasSubstr("| worst/1\\.0 | new | 0 | 60 | – | 100 % |"), HasSubstr("and 3 more")));
}

TEST(ReportJson, IsValidAndTellsTheTextAsItCame) {
    for (const std::string& agent : kHostile) {
        const auto json = nlohmann::json::parse(render_json(report_of(agent), std::nullopt));
        EXPECT_EQ(json["version"], 1);
        EXPECT_EQ(json["rows"].size(), 2U);
        EXPECT_EQ(json["rows"][0]["stuck"]["closes"], 60);
        EXPECT_EQ(json["verdict"]["culprits"].size(), 1U);
    }
    EXPECT_EQ(nlohmann::json::parse(render_json(report_of("<b>\"\x01"),
                                                1))["rows"][0]["user_agents"][0]["user_agent"],
              "<b>\"\x01");
}

TEST(BrowserMatch, WritesNothingThatMeansSomething) {
    EXPECT_EQ(browser_text("python-requests/2.28"), "python-requests/2\\.28");
    EXPECT_EQ(whole_browser("a.b/1 (x; \"y\") ${PATH}\\"), "^a\\.b/1 .x; .y.. ..PATH..$");
    EXPECT_EQ(whole_browser(std::string(1000, 'a')).size(), 257U);
}

// In the log it is U+FFFD; httpd matches the bytes that the client sent.
TEST(BrowserMatch, MatchesTheByteThatWasNoUtf8) {
    const std::string odd = "(?>\\xEF\\xBF\\xBD|[\\x80-\\xFF])";
    EXPECT_EQ(whole_browser("Espa\xef\xbf\xbd"
                            "a"),
              "^Espa" + odd + "a$");
    EXPECT_EQ(whole_browser("\xc3\xa9\xef"), "^...$");
    // Not cut within one.
    EXPECT_TRUE(browser_text(std::string(255, 'a') + "\xef\xbf\xbd"
                                                     "b")
                    .ends_with("a" + odd));
}

TEST(ConfComment, CannotGoOn) {
    EXPECT_EQ(conf_comment("a\nb\\"), "a/x0ab/");
    EXPECT_EQ(conf_comment("${PATH}"), ".{PATH}");
}

TEST(TerminalText, SpellsOutWhatActs) {
    EXPECT_EQ(terminal_text("\x1b[2J"), "\\x1b[2J");
    EXPECT_EQ(terminal_text("\xe2\x80\xae"), "\\u202e");
    EXPECT_EQ(terminal_text("\xc2\x9b"), "\\x9b");
    EXPECT_EQ(terminal_text("\xff"), "\xef\xbf\xbd");
    EXPECT_EQ(terminal_text("Grüße 漢字"), "Grüße 漢字");
}

TEST(TerminalText, IsAsWideAsItSays) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
    EXPECT_EQ(columns_of("漢字"), 4U);
    EXPECT_EQ(fitted("漢字漢字", 5), "漢字…");
    EXPECT_EQ(left("ab", 4), "ab  ");
    EXPECT_EQ(right("ab", 4), "  ab");
    EXPECT_EQ(left("abcdef", 4), "abc…");
    EXPECT_EQ(wrapped("one two three", 7), "one two\nthree");
}

TEST(Figures, AreShortAndHonest) {
    EXPECT_EQ(percent_text(0), "0 %");
    EXPECT_EQ(percent_text(0.0001), "< 0.1 %");
    EXPECT_EQ(percent_text(0.052), "5.2 %");
    EXPECT_EQ(percent_text(0.958), "96 %");
    EXPECT_EQ(percent_text(0.999), "> 99 %");
    EXPECT_EQ(percent_text(1), "100 %");
    EXPECT_EQ(interval_text({0.93, 0.98}), "93–98");
    EXPECT_EQ(bound_text(5), "5 ms");
    EXPECT_EQ(bound_text(5'000), "5 s");
    EXPECT_EQ(bound_text(60'000), "1 min");
    EXPECT_EQ(bound_text(UINT32_MAX), "> 2 min");
    EXPECT_EQ(count_text(1'204'331, 8), "1.2 M");
    EXPECT_EQ(count_text(999'999, 8), "999,999");
    EXPECT_EQ(count_text(18'446'744'073'709'551'615U, 8), "18 E");
}

}  // namespace
}  // namespace finwait::test
