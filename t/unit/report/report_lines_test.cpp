// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/input/line_buffer.hpp"
#include "unit/report/report_logs.hpp"

namespace finwait::test {
namespace {

using report::kLineMax;
using report::LineBuffer;

// The lines of a text that comes in pieces of this size.
std::vector<std::string> cut(std::string_view text, std::size_t piece) {
    LineBuffer buffer;
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto room = buffer.room();
        EXPECT_FALSE(room.empty());
        const std::size_t bytes = std::min({piece, room.size(), text.size()});
        text.copy(room.data(), bytes);
        text.remove_prefix(bytes);
        buffer.filled(bytes);
        while (const auto line = buffer.next()) lines.emplace_back(*line);
    }
    if (const auto line = buffer.rest()) lines.emplace_back(*line);
    return lines;
}

TEST(LineBuffer, GivesTheSameLinesHoweverTheyCome) {
    const std::string text = "one\n\nthree\n" + std::string(5000, 'x') + "\nlast";
    const std::vector<std::string> lines{"one", "", "three", std::string(5000, 'x'), "last"};
    for (const std::size_t piece : {1UL, 2UL, 7UL, 4096UL, 1UL << 20})
        EXPECT_EQ(cut(text, piece), lines);
}

TEST(LineBuffer, GivesTheBeginningOfALineThatIsTooLongOnce) {
    for (const std::size_t over : {0UL, 1UL, kLineMax, 10 * kLineMax}) {
        const std::string text = std::string(kLineMax + over, 'x') + "\nnext\n";
        for (const std::size_t piece : {1000UL, kLineMax, 1UL << 20})
            EXPECT_EQ(cut(text, piece),
                      (std::vector<std::string>{std::string(kLineMax, 'x'), "next"}))
                << over << " " << piece;
    }
}

TEST(LineBuffer, HasNoRestAfterANewline) {
    EXPECT_EQ(cut("a\n", 1), std::vector<std::string>{"a"});
    EXPECT_TRUE(cut("", 1).empty());
}

TEST(LogLines, CountWhatTheyCannotUse) {
    std::string log = all_log({a_close("curl/8.0"), a_close("curl/8.0")});
    log += R"({"event.name":"something.else"})"
           "\n";
    log += "127.0.0.1 - - \"GET / HTTP/1.1\" 200\n";
    append_dropped(log, kNoon, 17);
    log += R"({"@timestamp":"2026-11-22T12:00:00.000Z","event.name":"finwait.close"})"
           "\n";
    log += all_log({a_close("curl/8.0")}).substr(0, 300);
    const auto result = analysed(log);
    EXPECT_EQ(result.reading.lines, 7U);
    EXPECT_EQ(result.reading.records, 2U);
    EXPECT_EQ(result.reading.dropped, 17U);
    EXPECT_EQ(result.reading.foreign.lines, 1U);
    EXPECT_EQ(result.reading.foreign.first->line, 3U);
    EXPECT_EQ(result.reading.broken.lines, 3U);
    EXPECT_EQ(result.reading.broken.first->line, 4U);
    EXPECT_EQ(result.reading.broken.first->file, "finwait.log");
}

TEST(LogLines, TakeALastLineWithoutItsNewline) {
    std::string log = all_log({a_close("curl/8.0")});
    log.pop_back();
    EXPECT_EQ(analysed(log).reading.records, 1U);
}

TEST(LogLines, AreReadByNameAndNotByOrder) {
    std::string log = all_log({a_close("curl/8.0")});
    const std::string agent = R"("user_agent.original":"curl/8.0",)";
    log.erase(log.find(agent), agent.size());
    log.insert(1, agent + R"("new.key":{"a":[1,2]},)");
    const auto result = analysed(log);
    ASSERT_EQ(result.reading.records, 1U);
    EXPECT_EQ(result.report.rows[0].name, "curl/8.0");
}

}  // namespace
}  // namespace finwait::test
