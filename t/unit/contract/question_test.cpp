// SPDX-License-Identifier: Apache-2.0
#include "finwait/question.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace finwait {
namespace {

using Bytes = std::vector<std::byte>;

Question a_question() {
    Question question;
    question.format = StatusFormat::metrics;
    question.module = {7, 4, 2, {}};
    question.module.declined.back() = 1;
    question.on_ports = SocketCounts{1, 20, 3};
    return question;
}

Bytes encoded(const Question& question) {
    Bytes bytes(kHandoffSizeMax);
    bytes.resize(encode(question, bytes));
    return bytes;
}

TEST(Question, ComesBackAsItWasSent) {
    Question received;
    ASSERT_EQ(decode(encoded(a_question()), received), DecodeError::none);
    EXPECT_EQ(received, a_question());
}

TEST(Question, IsToldFromAHandoff) {
    EXPECT_TRUE(is_question(encoded(a_question())));
    Bytes handoff(kHandoffSizeMax);
    handoff.resize(encode(Handoff(), handoff));
    EXPECT_FALSE(is_question(handoff));
    EXPECT_FALSE(is_question({}));
    Handoff none;
    EXPECT_EQ(decode(encoded(a_question()), none), DecodeError::bad_value);
}

TEST(Question, CutAnywhereIsTruncated) {
    const Bytes whole = encoded(a_question());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        Question received;
        EXPECT_EQ(decode(std::span(whole).first(size), received), DecodeError::truncated) << size;
    }
}

TEST(Question, FollowedByAnythingOfAnotherVersionOrFormatIsRefused) {
    Question received;
    Bytes bytes = encoded(a_question());
    bytes.push_back(std::byte{0});
    EXPECT_EQ(decode(bytes, received), DecodeError::trailing_bytes);
    bytes = encoded(a_question());
    bytes[0] = std::byte{kHandoffVersion + 1};
    EXPECT_EQ(decode(bytes, received), DecodeError::wrong_version);
    bytes = encoded(a_question());
    bytes[2] = std::byte{kStatusFormats};
    EXPECT_EQ(decode(bytes, received), DecodeError::bad_value);
}

TEST(Question, TakesTheModulesCountersWithIt) {
    ModuleCounters counters{};
    count(counters.closes, 3);
    count(counters.handoffs, 2);
    count(counter_of(counters.declined, Decline::engine_off));
    const ModuleTotals totals = totals_of(counters);
    EXPECT_EQ(totals.closes, 3U);
    EXPECT_EQ(totals.handoffs, 2U);
    EXPECT_EQ(totals.declined.back(), 1U);
}

}  // namespace
}  // namespace finwait
