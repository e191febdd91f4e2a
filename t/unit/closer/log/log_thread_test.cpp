// SPDX-License-Identifier: Apache-2.0
//
// A whole Closer whose log is written by a thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "unit/closer/closer_fixture.hpp"
#include "unit/closer/log/log_readers.hpp"

namespace finwait {
namespace {

using namespace test;

class LogThreadTest : public CloserTest {
  protected:
    void SetUp() override {
        CloserTest::SetUp();
        closer->start_threads(now.monotonic);
        set_up();
    }

    // Each is numbered by its requests.
    void end_closes(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            Handoff ended = sample_ended(Outcome::reset);
            ended.close.requests = ended_++;
            ASSERT_EQ(0, send_message(child, encoded(ended)));
            if (i % 50 == 49) turn(1ms);
        }
    }
    void turn_until_written(std::uint64_t records) {
        turn_until([&] {
            turn(kLogFlushDelay);
            return read(counters->records) == records;
        });
        EXPECT_EQ(0U, read(counters->unwritten[1]));
    }
    static std::vector<std::uint32_t> numbers_in(const UniqueFd& file) {
        std::vector<std::uint32_t> numbers;
        for (const std::string& line : lines_of(read_file(file)))
            numbers.push_back(parse_record(line).value_or(Record()).requests);
        return numbers;
    }

  private:
    std::uint32_t ended_ = 0;
};

std::vector<std::uint32_t> counting(std::uint32_t to) {
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t i = 0; i < to; ++i) numbers.push_back(i);
    return numbers;
}

TEST_F(LogThreadTest, EveryLineIsWrittenInOrderAndCounted) {
    end_closes(500);
    turn_until_written(500);
    EXPECT_EQ(counting(500), numbers_in(log));
}

TEST_F(LogThreadTest, ALogThatIsOpenedAnewGetsWhatItsPredecessorDidNot) {
    end_closes(300);
    const UniqueFd before = std::move(log);
    log.reset(::memfd_create("next", MFD_CLOEXEC));
    set_up();
    end_closes(200);
    turn_until_written(500);
    std::vector<std::uint32_t> numbers = numbers_in(before);
    for (const std::uint32_t number : numbers_in(log)) numbers.push_back(number);
    EXPECT_EQ(counting(500), numbers);
    EXPECT_GT(numbers_in(log).size(), 0U);
}

TEST_F(LogThreadTest, TheEndWaitsForTheLastLine) {
    end_closes(120);
    tell_finish(0);
    turn_until([&] { return closer->is_done(); });
    EXPECT_EQ(120U, read(counters->records));
    EXPECT_EQ(counting(120), numbers_in(log));
}

TEST_F(LogThreadTest, AFileThatTakesNothingIsToldAndTriedAgain) {
    const UniqueFd sealed(::memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(0, ::fcntl(sealed.get(), F_ADD_SEALS, F_SEAL_WRITE));
    const UniqueFd good = std::move(log);
    log.reset(::dup(sealed.get()));
    set_up();
    static_cast<void>(notices());
    end_closes(3);
    std::vector<std::string> told;
    turn_until([&] {
        turn(kLogFlushDelay);
        told = notices();
        return !told.empty();
    });
    EXPECT_EQ("cannot write to log test: Operation not permitted", told.at(0));
    EXPECT_EQ(3U, read(counters->unwritten[1]));
    log.reset(::dup(good.get()));
    set_up();
    turn_until_written(3);
    EXPECT_EQ(counting(3), numbers_in(good));
}

}  // namespace
}  // namespace finwait
