// SPDX-License-Identifier: Apache-2.0
#include "closer/log/log_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>

#include "unit/closer/log/log_readers.hpp"

namespace finwait {
namespace {

using namespace std::chrono_literals;
using namespace test;

class LogWriterTest : public testing::Test {
  protected:
    LogWriterTest() { std::signal(SIGPIPE, SIG_IGN); }

    // Each Record is numbered by its requests.
    bool append(std::uint32_t number, std::size_t user_agent_size = 50) {
        Close record;
        record.requests = number;
        record.vhost = "www.example.org";
        const std::string user_agent(user_agent_size, 'u');
        record.user_agent = user_agent;
        record.peer = record.local = {Endpoint::Family::ipv4, 80, {127, 0, 0, 1}};
        return log.append(record, true, now);
    }
    int flush_all() { return log.flush(now, true); }

    // The numbers of the Records in `text`; every line must be whole.
    static std::vector<std::uint32_t> numbers_in(const std::string& text) {
        std::vector<std::uint32_t> numbers;
        for (const std::string& line : lines_of(text)) {
            const auto record = parse_record(line);
            if (record)
                numbers.push_back(record->requests);
            else
                EXPECT_NE(std::string::npos, line.find("dropped")) << line;
        }
        return numbers;
    }
    static std::vector<std::uint32_t> counting(std::uint32_t from, std::uint32_t to) {
        std::vector<std::uint32_t> numbers;
        for (std::uint32_t i = from; i < to; ++i) numbers.push_back(i);
        return numbers;
    }

    Moment now{100s, 1'700'000'000s};
    CloserCounters counters;
    UnwrittenCloses unwritten{counters, 0};
    FileThread files{unwritten};  // not started: what is written is written at once
    LogWriter log{files, unwritten, "test"};
};

TEST_F(LogWriterTest, HalfALineOfAKilledCloserIsNotContinued) {
    UniqueFd file(::memfd_create("log", MFD_CLOEXEC));
    ASSERT_EQ(5, ::write(file.get(), "{\"half", 5));
    log.open(UniqueFd(::dup(file.get())), "file");
    ASSERT_TRUE(append(1));
    EXPECT_EQ(0, flush_all());
    EXPECT_EQ(0U, log.buffered_lines());
    const std::vector<std::string> lines = lines_of(read_file(file));
    ASSERT_EQ(2U, lines.size());
    EXPECT_EQ("{\"hal", lines[0]);
    EXPECT_TRUE(parse_record(lines[1]));
}

TEST_F(LogWriterTest, AWholeLineNeedsNoOtherEnd) {
    UniqueFd file(::memfd_create("log", MFD_CLOEXEC));
    ASSERT_EQ(3, ::write(file.get(), "{}\n", 3));
    log.open(UniqueFd(::dup(file.get())), "file");
    EXPECT_TRUE(log.is_empty());
}

TEST_F(LogWriterTest, WritesAfterTheFlushDelayInOneBatch) {
    auto [reader, writer] = make_pipe();
    log.open(std::move(writer), "pipe");
    ASSERT_TRUE(append(1));
    const Time first = now.monotonic;
    now.monotonic += kLogFlushDelay - 1ns;
    ASSERT_TRUE(append(2));
    EXPECT_EQ(first + kLogFlushDelay, log.due());
    ASSERT_EQ(0, log.flush(now));
    EXPECT_EQ("", read_available(reader));
    now.monotonic += 1ns;
    ASSERT_EQ(0, log.flush(now));
    EXPECT_EQ(counting(1, 3), numbers_in(read_available(reader)));
    EXPECT_EQ(kNever, log.due());
    EXPECT_TRUE(log.is_empty());
}

TEST_F(LogWriterTest, AFullBatchIsWrittenWithoutWaiting) {
    const UniqueFd file(::memfd_create("log", MFD_CLOEXEC));
    log.open(UniqueFd(::dup(file.get())), "file");
    std::uint32_t count = 0;
    while (log.buffered() < kLogBatch) ASSERT_TRUE(append(count++));
    ASSERT_EQ(0, log.flush(now));
    EXPECT_EQ(counting(0, count), numbers_in(read_file(file)));
}

TEST_F(LogWriterTest, ALineIsNotDroppedWhileTheReaderIsWilling) {
    const UniqueFd file(::memfd_create("log", MFD_CLOEXEC));
    log.open(UniqueFd(::dup(file.get())), "file");
    for (std::uint32_t i = 0; i < 5'000; ++i) ASSERT_TRUE(append(i, 400));
    ASSERT_EQ(0, flush_all());
    EXPECT_EQ(counting(0, 5'000), numbers_in(read_file(file)));
    EXPECT_EQ(0U, log.buffered_lines());
}

TEST_F(LogWriterTest, AFullPipeGetsWholeLinesOnlyAndTheRestLater) {
    auto [reader, writer] = make_pipe();
    log.open(std::move(writer), "pipe");
    for (std::uint32_t i = 0; i < 500; ++i) ASSERT_TRUE(append(i));
    ASSERT_EQ(0, flush_all());
    ASSERT_FALSE(log.is_empty());
    EXPECT_EQ(kNever, log.due()) << "it waits for the reader";
    std::string text = read_available(reader);
    EXPECT_EQ('\n', text.back());
    while (!log.is_empty()) {
        log.unblock();
        ASSERT_EQ(0, flush_all());
        text += read_available(reader);
    }
    EXPECT_EQ(counting(0, 500), numbers_in(text));
}

TEST_F(LogWriterTest, PartialWritesKeepTheRest) {
    int ends[2];
    ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    const UniqueFd reader(ends[0]);
    const int small = 4096;
    ASSERT_EQ(0, ::setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small));
    log.open(UniqueFd(ends[1]), "socket");
    for (std::uint32_t i = 0; i < 200; ++i) ASSERT_TRUE(append(i));
    std::string text;
    while (!log.is_empty()) {
        log.unblock();
        ASSERT_EQ(0, flush_all());
        text += read_available(reader);
    }
    EXPECT_EQ(counting(0, 200), numbers_in(text));
}

TEST_F(LogWriterTest, ALineLongerThanAPipesAtomicSizeIsWritten) {
    auto [reader, writer] = make_pipe();
    log.open(std::move(writer), "pipe");
    ASSERT_TRUE(append(1, PIPE_BUF + 1000));
    ASSERT_TRUE(append(2));
    ASSERT_EQ(0, flush_all());
    EXPECT_EQ(counting(1, 3), numbers_in(read_available(reader)));
}

TEST_F(LogWriterTest, ANewDescriptorRestartsAtTheBeginningOfALine) {
    int ends[2];
    ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    const UniqueFd old_reader(ends[0]);
    const int small = 4096;
    ASSERT_EQ(0, ::setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small));
    log.open(UniqueFd(ends[1]), "socket");
    // One line far longer than the socket takes at once.
    ASSERT_TRUE(append(1, 100'000));
    ASSERT_TRUE(append(2));
    ASSERT_EQ(0, flush_all());
    ASSERT_FALSE(log.is_empty());
    ASSERT_GT(read_available(old_reader).size(), 0U);

    const UniqueFd file(::memfd_create("log", MFD_CLOEXEC));
    log.open(UniqueFd(::dup(file.get())), "file");
    ASSERT_EQ(0, flush_all());
    EXPECT_EQ(counting(1, 3), numbers_in(read_file(file)));
    EXPECT_EQ("", read_available(old_reader)) << "the old descriptor is closed";
    EXPECT_EQ(0, ::read(old_reader.get(), ends, 1));
}

TEST_F(LogWriterTest, LinesWaitForADescriptor) {
    ASSERT_TRUE(append(1));
    EXPECT_EQ(kNever, log.due());
    ASSERT_EQ(0, flush_all());
    EXPECT_EQ(1U, log.buffered_lines());
    auto [reader, writer] = make_pipe();
    log.open(std::move(writer), "pipe");
    EXPECT_LE(log.due(), now.monotonic);
    ASSERT_EQ(0, log.flush(now));
    EXPECT_EQ(counting(1, 2), numbers_in(read_available(reader)));
}

TEST_F(LogWriterTest, KeepsItsLinesForTheNextProgramWhenThePipesReaderDied) {
    auto [reader, writer] = make_pipe();
    log.open(std::move(writer), "pipe");
    reader.reset();
    ASSERT_TRUE(append(1));
    EXPECT_EQ(EPIPE, flush_all());
    EXPECT_FALSE(log.has_descriptor());
    EXPECT_EQ(0, flush_all()) << "told once";
    ASSERT_TRUE(append(2));
    auto [next_reader, next_writer] = make_pipe();
    log.open(std::move(next_writer), "pipe");
    ASSERT_EQ(0, flush_all());
    EXPECT_EQ(counting(1, 3), numbers_in(read_available(next_reader)));
}

TEST_F(LogWriterTest, AFullDeviceIsTriedAgainAfterAWhileAndToldOnce) {
    log.open(UniqueFd(::open("/dev/full", O_WRONLY | O_CLOEXEC)), "full");
    ASSERT_TRUE(append(1));
    EXPECT_EQ(ENOSPC, flush_all());
    EXPECT_EQ(now.monotonic + kLogRetryDelay, log.due());
    EXPECT_EQ(0, flush_all()) << "not before the delay is over";
    now.monotonic += kLogRetryDelay;
    EXPECT_EQ(0, flush_all()) << "fails again, and that is known";
    EXPECT_EQ(1U, log.buffered_lines());
}

TEST_F(LogWriterTest, BeyondItsBoundLinesAreDroppedCountedAndTold) {
    std::uint32_t kept = 0;
    while (append(kept)) ++kept;
    EXPECT_LE(log.buffered(), kLogBufferMax);
    EXPECT_GT(log.buffered(), kLogBufferMax - 2 * kRecordSizeMax);
    EXPECT_FALSE(append(kept + 1));
    EXPECT_EQ(2U, log.dropped());

    const UniqueFd file(::memfd_create("log", MFD_CLOEXEC));
    log.open(UniqueFd(::dup(file.get())), "file");
    ASSERT_EQ(0, flush_all());
    ASSERT_TRUE(append(kept + 2));
    ASSERT_EQ(0, flush_all());
    const std::vector<std::string> lines = lines_of(read_file(file));
    ASSERT_EQ(kept + 2U, lines.size());
    std::string expected;
    append_dropped(expected, std::chrono::duration_cast<std::chrono::milliseconds>(now.realtime),
                   2);
    EXPECT_EQ(expected, lines[kept] + "\n");
    EXPECT_EQ(kept + 2, parse_record(lines[kept + 1])->requests);
    EXPECT_EQ(0U, log.dropped());
}

TEST_F(LogWriterTest, TellsWhatWasDroppedEvenIfNoFurtherLineComes) {
    auto [reader, writer] = make_pipe();
    log.open(std::move(writer), "pipe");
    std::uint32_t kept = 0;
    while (append(kept)) ++kept;
    std::string text;
    while (!log.is_empty()) {
        log.unblock();
        ASSERT_EQ(0, flush_all());
        text += read_available(reader);
    }
    EXPECT_EQ(counting(0, kept), numbers_in(text));
    EXPECT_EQ(kept + 1U, lines_of(text).size());
}

}  // namespace
}  // namespace finwait
