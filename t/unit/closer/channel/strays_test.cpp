// SPDX-License-Identifier: Apache-2.0
//
// Descriptors that are no TCP connections, and one among them that close() does not return from.
#include "closer/channel/strays.hpp"

#include <memory>

#include "unit/closer/channel/silent_file.hpp"
#include "unit/closer/closer_process.hpp"

namespace finwait {
namespace {

using namespace test;

class CloserStrays : public CloserProcess {
  protected:
    void SetUp() override {
        CloserProcess::SetUp();
        if (!file->why_not().empty()) GTEST_SKIP() << file->why_not();
        policy.drain_idle_timeout_ms = 200;
        policy.wait_timeout_ms = 300;
        start();
    }
    void TearDown() override {
        file.reset();  // or the closer does not end
        CloserProcess::TearDown();
    }

    void send_stray(const UniqueFd& stray) {
        ASSERT_EQ(0, send_message(child, encoded(sample_handoff()), {stray.get()}));
    }
    void send_one_that_hangs() {
        const UniqueFd silent = file->open();
        ASSERT_TRUE(silent) << strerror(errno);
        send_stray(silent);
        ASSERT_EVENTUALLY(read(counters->bad_messages), 1U);
    }

    std::unique_ptr<SilentFile> file = std::make_unique<SilentFile>(
        testing::TempDir() + "finwait-silent-" + std::to_string(::getpid()));
    UniqueFd harmless{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
};

TEST_F(CloserStrays, OneThatHangsHoldsUpNoSocketAndNoLog) {
    send_one_that_hangs();
    for (std::size_t i = 2; i < kStraysMax; ++i) send_stray(harmless);
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    EXPECT_EQ(Outcome::timeout, records(1).at(0).outcome);
    EXPECT_EQ(kStraysMax - 1, read(counters->bad_messages));
    EXPECT_EQ(0U, read(counters->held_up));
}

TEST_F(CloserStrays, TooManyHoldUpTheChannelAndNothingElse) {
    policy.drain_idle_timeout_ms = 60'000;
    TcpPair held = loopback.half_closed();
    hand_over(held, 1);
    wait_until_held(1);
    send_one_that_hangs();
    for (std::size_t i = 1; i < kStraysMax; ++i) send_stray(harmless);
    EXPECT_EVENTUALLY(read(counters->held_up), 1U);
    TcpPair queued = loopback.half_closed();
    hand_over(queued, 2);
    held.client.reset();
    EXPECT_EQ(1U, records(1).at(0).requests);
    EXPECT_EQ(1 + kStraysMax, read(counters->received));
    Control told;
    do {
        told = receive_control();
    } while (told.text.find("are no TCP connections") == std::string::npos && !HasFailure());
    EXPECT_EQ(NoticeLevel::error, told.level);
    file.reset();
    queued.client.reset();
    EXPECT_EQ(2U, records(2).at(1).requests);
    EXPECT_EQ(kStraysMax, read(counters->bad_messages));
    EXPECT_EQ(1U, read(counters->held_up)) << "once for all that time";
}

}  // namespace
}  // namespace finwait
