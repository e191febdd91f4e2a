// SPDX-License-Identifier: Apache-2.0
#include "closer/log/logs.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "eventually.hpp"
#include "unit/closer/channel/channel_sender.hpp"
#include "unit/closer/log/log_readers.hpp"

namespace finwait {
namespace {

using namespace std::chrono_literals;
using namespace test;

class LogsTest : public testing::Test {
  protected:
    static LogIds ids(std::initializer_list<std::uint16_t> list) {
        LogIds result;
        for (const std::uint16_t id : list) result.ids[result.count++] = id;
        return result;
    }
    static UniqueFd copy(const UniqueFd& fd) { return UniqueFd(::dup(fd.get())); }

    std::pair<UniqueFd, UniqueFd> ends = test::seqpacket_pair();
    ControlChannel control{std::move(ends.first)};
    Notices notices{control};
    UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
    CloserCounters counters;
    UnwrittenCloses unwritten{counters, 0};
    Logs logs{epoll.get(), 1000, notices, unwritten};
    Moment now{100s, 1'700'000'000s};
    Record record;
};

TEST_F(LogsTest, EveryLogOfARecordGetsItsLine) {
    const UniqueFd one(::memfd_create("one", MFD_CLOEXEC));
    const UniqueFd two(::memfd_create("two", MFD_CLOEXEC));
    logs.open(1, copy(one), "one");
    logs.open(2, copy(two), "two");
    EXPECT_TRUE(logs.append(1, record, true, now));
    EXPECT_TRUE(logs.append(2, record, false, now));
    EXPECT_TRUE(logs.append(2, record, true, now));
    logs.flush(now, true);
    EXPECT_EQ(1U, lines_of(read_file(one)).size());
    EXPECT_EQ(2U, lines_of(read_file(two)).size());
    EXPECT_TRUE(logs.is_flushed());
}

TEST_F(LogsTest, ALineForALogThatIsNotOpenIsRefusedAndCostsNothing) {
    for (std::uint32_t i = 0; i < 100'000; ++i)
        ASSERT_FALSE(logs.append(static_cast<std::uint16_t>(i), record, true, now));
    EXPECT_EQ(0U, logs.size());
}

TEST_F(LogsTest, AClosedLogStaysForTheSocketsThatNameIt) {
    const UniqueFd file(::memfd_create("closed", MFD_CLOEXEC));
    logs.open(1, copy(file), "closed");
    logs.hold(ids({1}));
    logs.close(1, now);
    now.monotonic += 2 * kLogCloseDelay;
    logs.flush(now);
    EXPECT_TRUE(logs.append(1, record, true, now));
    logs.release(ids({1}));
    logs.flush(now, true);
    EXPECT_EQ(1U, lines_of(read_file(file)).size());
    EXPECT_EQ(0U, logs.size());
}

TEST_F(LogsTest, AClosedLogIsWrittenToItsEnd) {
    auto [reader, writer] = make_pipe();
    logs.open(1, std::move(writer), "pipe");
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(logs.append(1, record, true, now));
    logs.close(1, now);
    std::string text = read_available(reader);
    EXPECT_EQ(1U, logs.size());
    while (logs.size() > 0) {
        logs.on_event(1001);
        logs.flush(now);
        text += read_available(reader);
    }
    EXPECT_EQ(300U, lines_of(text).size());
}

TEST_F(LogsTest, AClosedLogIsGivenUpWhenItsReaderDoesNotRead) {
    auto [reader, writer] = make_pipe();
    logs.open(1, std::move(writer), "pipe");
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(logs.append(1, record, true, now));
    logs.close(1, now);
    EXPECT_EQ(now.monotonic + kLogCloseDelay, logs.due());
    now.monotonic += kLogCloseDelay;
    logs.flush(now);
    EXPECT_EQ(0U, logs.size());
}

// Each log counts its own lines; a close is accounted for by one of them.
TEST_F(LogsTest, ARecordIsAccountedForByOneLog) {
    const UniqueFd file(::memfd_create("file", MFD_CLOEXEC));
    logs.open(1, UniqueFd(::open("/dev/full", O_WRONLY | O_CLOEXEC)), "full");
    logs.open(2, copy(file), "file");
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(logs.append(1, record, true, now));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(logs.append(2, record, false, now));
    for (int i = 0; i < 9; ++i) ASSERT_TRUE(logs.append(2, record, true, now));
    unwritten.add(14);
    logs.flush(now, true);
    EXPECT_EQ(5U, read(counters.unwritten[0]));
    EXPECT_EQ(9U, read(counters.records));
    EXPECT_EQ(5U, logs.buffered_lines());
    EXPECT_EQ(14U, lines_of(read_file(file)).size());
}

TEST_F(LogsTest, WhatAClosedLogCouldNotWriteIsAbandonedOnce) {
    logs.open(1, UniqueFd(::open("/dev/full", O_WRONLY | O_CLOEXEC)), "full");
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(logs.append(1, record, true, now));
    for (int i = 0; i < 7; ++i) ASSERT_TRUE(logs.append(1, record, false, now));
    unwritten.add(5);
    logs.flush(now, true);
    logs.close(1, now);
    now.monotonic += kLogCloseDelay;
    logs.flush(now);
    EXPECT_EQ(5U, read(counters.dropped)) << "the others have another log";
    EXPECT_EQ(0U, read(counters.unwritten[0]));
}

TEST_F(LogsTest, TheReadersProgressIsAnEventOfTheLog) {
    auto [reader, writer] = make_pipe();
    logs.open(1, std::move(writer), "pipe");
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(logs.append(1, record, true, now));
    logs.flush(now, true);
    epoll_event event{};
    while (::epoll_wait(epoll.get(), &event, 1, 0) > 0) continue;
    static_cast<void>(read_available(reader));
    ASSERT_EQ(1, ::epoll_wait(epoll.get(), &event, 1, kPatienceMs));
    EXPECT_EQ(1001U, event.data.u64);
}

}  // namespace
}  // namespace finwait
