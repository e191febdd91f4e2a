// SPDX-License-Identifier: Apache-2.0
//
// Logs of mode `stuck` in a whole Closer: which closes get a Record, which a tally, and that none
// is missing or counted twice.
#include "closer/log/tally_logs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "unit/closer/closer_fixture.hpp"
#include "unit/closer/log/log_readers.hpp"

namespace finwait {
namespace {

using namespace test;

constexpr std::uint16_t kAllLog = 0;  // the fixture's own
constexpr std::uint16_t kStuckLog = 7;

class TallyLogsTest : public CloserTest {
  protected:
    void SetUp() override {
        CloserTest::SetUp();
        set_up();
        open_stuck_log(stuck_log.get());
    }

    void open_stuck_log(int descriptor, std::uint16_t id = kStuckLog) {
        Control open;
        open.kind = ControlKind::log_open;
        open.log_id = id;
        open.log_mode = LogMode::stuck;
        open.text = "stuck";
        tell(open, {descriptor});
        turn();
    }
    void set_ledger_size(std::uint32_t size) {
        Control setup;
        setup.kind = ControlKind::setup;
        setup.max_held = 1000;
        setup.ledger_size = size;
        tell(setup);
        turn();
    }
    void report(std::string_view user_agent, std::initializer_list<std::uint16_t> logs) {
        Handoff message = sample_ended(Outcome::client_first);
        message.half_close = now.monotonic;
        message.close.user_agent = user_agent;
        LogIds& ids = message.close.logs;
        ids.count = 0;
        for (const std::uint16_t id : logs) ids.ids[ids.count++] = id;
        ASSERT_EQ(0, send_message(child, encoded(message)));
        turn();
    }
    void hold_until_stuck() {
        TcpPair pair = loopback.half_closed();
        Handoff handoff = sample();
        handoff.close.logs.ids[0] = kStuckLog;
        hand_over(pair, handoff);
        settle(1);
        clients.push_back(std::move(pair.client));
        turn(std::chrono::milliseconds(policy.drain_idle_timeout_ms));
        wait_to_the_end();
        turn(kLogFlushDelay);
    }
    std::vector<TallyLine> tallies(const UniqueFd& file) {
        turn(kLogFlushDelay);
        std::vector<TallyLine> lines;
        for (const std::string& text : lines_of(read_file(file)))
            if (const auto line = parse_tally(text)) lines.push_back(*line);
        return lines;
    }
    std::vector<TallyLine> tallies() { return tallies(stuck_log); }
    std::size_t stuck_records() {
        const auto lines = lines_of(read_file(stuck_log));
        return static_cast<std::size_t>(std::count_if(
            lines.begin(), lines.end(), [](const auto& line) { return parse_record(line); }));
    }
    static std::uint64_t closes_of(const std::vector<TallyLine>& lines) {
        std::uint64_t closes = 0;
        for (const TallyLine& line : lines) closes += line.tally.closes;
        return closes;
    }

    // A line of log 8 each: more than pipe and buffer take.
    void report_more_than_fits() {
        set_ledger_size(2 * kCloses);
        for (std::uint64_t i = 0; i < kCloses; ++i)
            report(std::to_string(i) + std::string(kUserAgentMax - 8, 'x'), {8});
    }
    void close_log(std::uint16_t id) {
        Control close;
        close.kind = ControlKind::log_close;
        close.log_id = id;
        tell(close);
    }

    static constexpr std::uint64_t kCloses = 3000;
    UniqueFd stuck_log{::memfd_create("stuck", MFD_CLOEXEC)};
};

TEST_F(TallyLogsTest, AStuckCloseHasItsRecordAndNoTally) {
    hold_until_stuck();
    EXPECT_EQ(1U, stuck_records());
    EXPECT_EQ(1U, read(counters->records));
    EXPECT_EQ(0U, read(counters->tallied));
    turn(kTallyInterval);
    EXPECT_TRUE(tallies().empty());
    EXPECT_EQ(1U, total_in(books->closers[1]).tally.stuck);
}

TEST_F(TallyLogsTest, OtherClosesAreOneLineAMinutePerAccount) {
    for (int i = 0; i < 5; ++i) report("curl/8", {kStuckLog});
    report("wget", {kStuckLog});
    EXPECT_EQ(0U, read(counters->tallied));
    EXPECT_EQ(6U, read(counters->unwritten[1]));
    EXPECT_TRUE(tallies().empty());
    turn(kTallyInterval);
    const auto lines = tallies();
    ASSERT_EQ(2U, lines.size());
    EXPECT_EQ(0U, read(counters->unwritten[1]));
    EXPECT_EQ(6U, read(counters->tallied));
    const TallyLine& curl = lines[0].user_agent == "curl/8" ? lines[0] : lines[1];
    EXPECT_EQ(5U, curl.tally.closes);
    EXPECT_EQ(15U, curl.tally.requests);
    EXPECT_EQ(5U, curl.tally.outcomes[static_cast<std::size_t>(Outcome::client_first)]);
    EXPECT_EQ(1U, curl.addresses);
    EXPECT_EQ("www.example.org", curl.vhost);
    EXPECT_GE(curl.until - curl.since, kTallyInterval);
    // Only what came since.
    report("curl/8", {kStuckLog});
    turn(kTallyInterval);
    ASSERT_EQ(3U, tallies().size());
    EXPECT_EQ(1U, tallies()[2].tally.closes);
    EXPECT_EQ(kNever, closer->due());
}

TEST_F(TallyLogsTest, ACloseInSeveralLogsIsAccountedForByItsFirst) {
    const UniqueFd second(::memfd_create("second", MFD_CLOEXEC));
    open_stuck_log(second.get(), 8);
    report("a", {kAllLog, kStuckLog});
    report("a", {kStuckLog, 8});
    EXPECT_EQ(2U, read(counters->unwritten[1]));
    turn(kTallyInterval);
    EXPECT_EQ(2U, closes_of(tallies()));
    EXPECT_EQ(1U, closes_of(tallies(second)));
    EXPECT_EQ(1U, records().size());
    EXPECT_EQ(1U, read(counters->records));
    EXPECT_EQ(1U, read(counters->tallied));
}

TEST_F(TallyLogsTest, AnEvictedAccountLeavesItsCountsToTheOthers) {
    set_ledger_size(kLedgerSizeMin);
    for (int i = 0; i < 100; ++i) report("ua" + std::to_string(i), {kStuckLog});
    EXPECT_EQ(kLedgerSizeMin, closer->ledger().size());
    EXPECT_EQ(84U, read(counters->evicted));
    turn(kTallyInterval);
    const auto lines = tallies();
    EXPECT_EQ(kLedgerSizeMin + 1U, lines.size());
    EXPECT_EQ(100U, closes_of(lines));
    const auto other = std::find_if(lines.begin(), lines.end(),
                                    [](const auto& line) { return line.vhost == kOtherAccount; });
    ASSERT_NE(lines.end(), other);
    EXPECT_EQ(84U, other->tally.closes);
    EXPECT_EQ(kOtherAccount, other->user_agent);
}

TEST_F(TallyLogsTest, TheEndWritesWhatIsPending) {
    for (int i = 0; i < 300; ++i) report("ua" + std::to_string(i), {kStuckLog});
    tell_finish(0);
    turn_until([&] { return closer->is_done(); });
    EXPECT_EQ(300U, closes_of(tallies()));
    EXPECT_EQ(300U, read(counters->tallied));
    EXPECT_EQ(0U, read(counters->unwritten[1]));
}

TEST_F(TallyLogsTest, AClosedLogIsToldBeforeItGoes) {
    report("a", {kStuckLog});
    close_log(kStuckLog);
    for (int i = 0; i < 3; ++i) turn();
    EXPECT_EQ(1U, closes_of(tallies()));
    report("late", {kStuckLog});
    EXPECT_EQ(1U, read(counters->dropped));  // it is gone
    EXPECT_EQ(1U, read(counters->tallied));
}

TEST_F(TallyLogsTest, AClosedLogsReaderHasTimeToMakeRoom) {
    auto [reader, writer] = make_pipe();
    open_stuck_log(writer.get(), 8);
    report_more_than_fits();
    close_log(8);
    for (int i = 0; i < 100; ++i) turn();
    EXPECT_EQ(0U, read(counters->dropped));
    std::string text;
    for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 100; ++j) {
            text += read_available(reader);
            turn();
        }
        turn(kTallyRetryDelay);
    }
    EXPECT_EQ(0U, read(counters->unwritten[1]));
    EXPECT_EQ(kCloses, read(counters->tallied));
    EXPECT_EQ(0U, read(counters->dropped));
}

TEST_F(TallyLogsTest, AClosedLogWhoseReaderMakesNoRoomIsGivenUp) {
    auto [reader, writer] = make_pipe();
    open_stuck_log(writer.get(), 8);
    report_more_than_fits();
    close_log(8);
    for (int i = 0; i < 200; ++i) turn();
    turn(kLogCloseDelay);
    for (int i = 0; i < 200; ++i) turn();
    turn(kLogCloseDelay);
    EXPECT_EQ(0U, read(counters->unwritten[1]));
    EXPECT_EQ(kCloses, read(counters->tallied) + read(counters->dropped));
    EXPECT_GT(read(counters->dropped), 0U);
    EXPECT_EQ(kNever, closer->due());
}

TEST_F(TallyLogsTest, ATallyWaitsForRoomInALogAndIsNotDropped) {
    auto [reader, writer] = make_pipe();
    open_stuck_log(writer.get(), 8);
    report_more_than_fits();
    turn(kTallyInterval);
    for (int i = 0; i < 100; ++i) turn();
    EXPECT_GT(read(counters->unwritten[1]), 0U);
    EXPECT_EQ(kCloses, read(counters->tallied) + read(counters->unwritten[1]));
    std::string text;
    for (int i = 0; i < 2000 && read(counters->unwritten[1]) > 0; ++i) {
        text += read_available(reader);
        turn(kTallyRetryDelay);
    }
    text += read_available(reader);
    std::uint64_t closes = 0;
    for (const std::string& line : lines_of(text)) {
        const auto tally = parse_tally(line);
        ASSERT_TRUE(tally) << line;
        closes += tally->tally.closes;
    }
    EXPECT_EQ(kCloses, closes);
    EXPECT_EQ(kCloses, read(counters->tallied));
    EXPECT_EQ(0U, read(counters->dropped));
}

TEST_F(TallyLogsTest, AReaderThatKeepsUpGetsEveryTallyOfTheEnd) {
    auto [reader, writer] = make_pipe();
    open_stuck_log(writer.get(), 8);
    report_more_than_fits();
    tell_finish(0);
    std::string text;
    turn_until([&] {
        text += read_available(reader);
        return closer->is_done();
    });
    text += read_available(reader);
    EXPECT_EQ(kCloses, static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')));
    EXPECT_EQ(kCloses, read(counters->tallied));
    EXPECT_EQ(0U, read(counters->dropped));
}

TEST_F(TallyLogsTest, WhatNoReaderTakesBeforeTheEndIsDropped) {
    auto [reader, writer] = make_pipe();
    open_stuck_log(writer.get(), 8);
    set_ledger_size(4000);
    for (int i = 0; i < 3000; ++i)
        report(std::to_string(i) + std::string(kUserAgentMax - 8, 'x'), {8});
    tell_finish(0);
    turn();
    EXPECT_FALSE(closer->is_done());
    turn(kLastFlushMax);
    EXPECT_TRUE(closer->is_done());
    const std::string text = read_available(reader);
    const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    EXPECT_EQ(lines, read(counters->tallied));
    EXPECT_EQ(3000U - lines, read(counters->dropped));
}

TEST_F(TallyLogsTest, WhatAKilledCloserHadNotToldIsLost) {
    report("a", {kStuckLog});
    turn(kTallyInterval);
    EXPECT_EQ(1U, closes_of(tallies()));
    report("a", {kStuckLog});
    start();  // the same slot, without an orderly end
    set_up();
    EXPECT_EQ(1U, read(counters->tallied));
    EXPECT_EQ(1U, read(counters->lost));
}

}  // namespace
}  // namespace finwait
