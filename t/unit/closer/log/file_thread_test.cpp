// SPDX-License-Identifier: Apache-2.0
//
// A file that hangs is a pipe here that blocks and that nobody reads.
#include "closer/log/file_thread.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <atomic>
#include <thread>

#include "eventually.hpp"
#include "unit/closer/log/log_readers.hpp"

namespace finwait {
namespace {

using namespace std::chrono_literals;
using namespace test;

class FileThreadTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_EQ(0, files.start()); }

    std::shared_ptr<Batch> batch_of(std::uint32_t records, const std::shared_ptr<LogFile>& file) {
        auto batch = std::make_shared<Batch>();
        batch->file = file;
        for (std::uint32_t i = 0; i < records; ++i) batch->lines.append(Close(), true);
        unwritten.add(records);
        return batch;
    }
    static std::shared_ptr<LogFile> file_of(UniqueFd fd) {
        return std::make_shared<LogFile>(std::move(fd));
    }
    bool tells_within(int ms) {
        pollfd state{files.descriptor(), POLLIN, 0};
        return ::poll(&state, 1, ms) == 1;
    }
    void expect_counts(std::uint64_t records, std::uint64_t dropped, std::uint64_t left) {
        EXPECT_EQ(records, read(counters.records));
        EXPECT_EQ(dropped, read(counters.dropped));
        EXPECT_EQ(left, read(counters.unwritten[0]));
    }

    CloserCounters counters;
    UnwrittenCloses unwritten{counters, 0};
    FileThread files{unwritten};
    const UniqueFd memory{::memfd_create("log", MFD_CLOEXEC)};
    std::pair<UniqueFd, UniqueFd> pipe = make_pipe();
    static constexpr std::uint32_t kMany = 1000;  // more than a pipe takes
};

TEST_F(FileThreadTest, CountsWhatItHasWrittenAndTellsWhoeverWaits) {
    const auto batch = batch_of(100, file_of(UniqueFd(::dup(memory.get()))));
    EXPECT_FALSE(files.write(batch, true));
    ASSERT_TRUE(tells_within(kPatienceMs));
    EXPECT_TRUE(files.is_done(*batch));
    EXPECT_EQ(0, batch->error);
    expect_counts(100, 0, 0);
    EXPECT_EQ(100U, lines_of(read_file(memory)).size());
    files.clear_descriptor();
    EXPECT_FALSE(tells_within(0));
}

TEST_F(FileThreadTest, NobodyIsWokenWhoDoesNotWait) {
    const auto first = batch_of(1, file_of(UniqueFd(::dup(memory.get()))));
    const auto second = batch_of(1, first->file);
    static_cast<void>(files.write(first, false));
    static_cast<void>(files.write(second, true));
    ASSERT_TRUE(tells_within(kPatienceMs));
    eventfd_t told = 0;
    ASSERT_EQ(0, ::eventfd_read(files.descriptor(), &told));
    EXPECT_EQ(1U, told);
}

TEST_F(FileThreadTest, AnErrorIsToldAndLeavesTheRest) {
    const auto batch = batch_of(3, file_of(UniqueFd(::open("/dev/full", O_WRONLY | O_CLOEXEC))));
    static_cast<void>(files.write(batch, false));
    ASSERT_TRUE(tells_within(kPatienceMs)) << "without being awaited";
    EXPECT_TRUE(files.is_done(*batch));
    EXPECT_EQ(ENOSPC, batch->error);
    EXPECT_EQ(3U, batch->lines.count());
    expect_counts(0, 0, 3);
}

TEST_F(FileThreadTest, OneThatHangsIsFinishedWhenItTakesDataAgain) {
    const auto stuck = batch_of(kMany, file_of(std::move(pipe.second)));
    const auto behind = batch_of(5, file_of(UniqueFd(::dup(memory.get()))));
    static_cast<void>(files.write(stuck, false));
    static_cast<void>(files.write(behind, false));
    EXPECT_FALSE(files.is_done(*behind));
    EXPECT_EQ("", read_file(memory));
    std::string text;
    EXPECT_EVENTUALLY((text += read_available(pipe.first), lines_of(text).size()), kMany);
    EXPECT_EVENTUALLY(files.is_done(*behind), true);
    expect_counts(kMany + 5, 0, 0);
}

// Whatever becomes of it then.
TEST_F(FileThreadTest, WhatIsGivenUpIsCountedOnceAndNoLongerAsWritten) {
    const auto stuck = batch_of(kMany, file_of(std::move(pipe.second)));
    const auto behind = batch_of(5, file_of(UniqueFd(::dup(memory.get()))));
    static_cast<void>(files.write(stuck, false));
    static_cast<void>(files.write(behind, false));
    for (int i = 0; i < 2; ++i) {
        files.give_up(*stuck);
        files.give_up(*behind);
    }
    expect_counts(0, kMany + 5, 0);
    const auto is_done = [&] {
        static_cast<void>(read_available(pipe.first));
        return files.is_done(*behind);
    };
    EXPECT_EVENTUALLY(is_done(), true);
    expect_counts(0, kMany + 5, 0);
    EXPECT_EQ("", read_file(memory)) << "it was not begun";
}

TEST_F(FileThreadTest, AFileIsClosedBehindItsLines) {
    auto file = file_of(std::move(pipe.second));
    static_cast<void>(files.write(batch_of(kMany, file), false));
    files.close(std::move(file));
    std::string text;
    EXPECT_EVENTUALLY((text += read_available(pipe.first), lines_of(text).size()), kMany);
    pollfd state{pipe.first.get(), POLLIN, 0};
    EXPECT_EQ(1, ::poll(&state, 1, kPatienceMs));
    EXPECT_EQ(POLLHUP, state.revents);
}

TEST_F(FileThreadTest, NobodyWaitsForItsEndWhileItHangs) {
    UniqueFd read_end = std::move(pipe.first);
    {
        UnwrittenCloses of_other{counters, 1};
        FileThread other{of_other};
        ASSERT_EQ(0, other.start());
        const auto stuck = batch_of(kMany, file_of(std::move(pipe.second)));
        static_cast<void>(other.write(stuck, false));
        std::string first(1, ' ');
        ASSERT_EQ(1, ::read(read_end.get(), first.data(), 1)) << "it is in write()";
    }
    SUCCEED();
}

// As a replaced closer and its successor do.
TEST(LogFile, BeginsNoLineWhereAnotherIsJustWritingOne) {
    const UniqueFd memory{::memfd_create("log", MFD_CLOEXEC)};
    const std::string path = "/proc/self/fd/" + std::to_string(memory.get());
    const auto opened = [&path] {
        return UniqueFd(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
    };
    std::atomic<int> looks = 0;
    std::atomic<bool> is_over = false;
    // A look takes longer the longer the file is: it has a bound, and a look for each line.
    std::thread other([&] {
        const UniqueFd log = opened();
        const std::string line = std::string(100'000, 'x') + '\n';
        for (int i = 0; i < 200; ++i) {
            while (looks < i) std::this_thread::yield();
            EXPECT_EQ(static_cast<ssize_t>(line.size()),
                      ::write(log.get(), line.data(), line.size()));
        }
        is_over = true;
    });
    for (; !is_over; ++looks) {
        LogFile file(opened());
        EXPECT_EQ(2, file.write("y\n", false));
    }
    other.join();
    EXPECT_EQ(std::string::npos, read_file(memory).find("\n\n"));
}

}  // namespace
}  // namespace finwait
