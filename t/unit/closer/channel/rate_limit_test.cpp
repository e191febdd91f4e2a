// SPDX-License-Identifier: Apache-2.0
#include "closer/channel/rate_limit.hpp"

#include <gtest/gtest.h>

#include "closer/channel/notices.hpp"
#include "unit/closer/channel/channel_sender.hpp"

namespace finwait {
namespace {

using namespace std::chrono_literals;

TEST(RateLimit, AdmitsTheFirstAtOnceEvenAtTimeZero) {
    RateLimit limit(10s);
    EXPECT_EQ(0U, limit.admit(0s));
}

TEST(RateLimit, AdmitsOnePerIntervalAndCountsTheOthers) {
    RateLimit limit(10s);
    ASSERT_TRUE(limit.admit(100s));
    EXPECT_FALSE(limit.admit(100s));
    EXPECT_FALSE(limit.admit(110s - 1ns));
    EXPECT_EQ(2U, limit.admit(110s));
    EXPECT_EQ(0U, limit.admit(120s));
}

class NoticesTest : public testing::Test {
  protected:
    std::vector<std::string> received() {
        std::vector<std::string> texts;
        Control control;
        UniqueFd none;
        while (parent.receive(control, none) == ControlChannel::Received::message)
            texts.emplace_back(control.text);
        return texts;
    }

    std::pair<UniqueFd, UniqueFd> ends = test::seqpacket_pair();
    ControlChannel closer{std::move(ends.first)};
    ControlChannel parent{std::move(ends.second)};
    Notices notices{closer};
};

TEST_F(NoticesTest, EachKindHasItsOwnLimit) {
    notices.tell(NoticeKind::shed, NoticeLevel::warning, "a", 1s);
    notices.tell(NoticeKind::shed, NoticeLevel::warning, "b", 2s);
    notices.tell(NoticeKind::bad_message, NoticeLevel::error, "c", 2s);
    EXPECT_EQ((std::vector<std::string>{"a", "c"}), received());
}

TEST_F(NoticesTest, TellsHowManyWereHeldBack) {
    for (int i = 0; i < 4; ++i) notices.tell(NoticeKind::shed, NoticeLevel::warning, "a", 1s);
    notices.tell(NoticeKind::shed, NoticeLevel::warning, "a", 1s + kNoticeInterval);
    EXPECT_EQ((std::vector<std::string>{"a", "a (and 3 times before)"}), received());
}

TEST_F(NoticesTest, ALongTextIsCut) {
    notices.tell(NoticeKind::shed, NoticeLevel::warning, std::string(5000, 'x'), 1s);
    EXPECT_EQ((std::vector<std::string>{std::string(kNoticeMax, 'x')}), received());
}

TEST_F(NoticesTest, WhatTheParentDoesNotReadIsCounted) {
    Time now = 1s;
    for (int i = 0; i < 5000; ++i, now += kNoticeInterval)
        notices.tell(NoticeKind::shed, NoticeLevel::warning, "x", now);
    EXPECT_GT(notices.unsent(), 0U);
    EXPECT_EQ(5000U, notices.unsent() + received().size());
}

}  // namespace
}  // namespace finwait
