// SPDX-License-Identifier: Apache-2.0
//
// Waiting for what a test asserts, in one step:
//     EXPECT_EVENTUALLY(counters.held(), 20U) << counters.text();
// looks again and again until the value matches, and otherwise tells what it waited for and what it
// last saw. A value that must hold at once, or for good, is asserted by the usual EXPECT_THAT.
#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <optional>
#include <sstream>
#include <thread>
#include <type_traits>
#include <utility>

namespace finwait::test {

using std::chrono::milliseconds;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// For what comes at once on an idle machine. It only ends waits for what never comes: no test
// asserts that something takes less, however busy the machine is.
inline constexpr milliseconds kPatience = 60s;
inline constexpr int kPatienceMs = 60'000;  // for poll()

// Looks every few milliseconds until `holds` does; false when the limit has passed.
[[nodiscard]] inline bool wait_until(milliseconds limit, const std::function<bool()>& holds) {
    const auto deadline = Clock::now() + limit;
    for (;;) {
        if (holds()) return true;
        if (Clock::now() >= deadline) return holds();
        std::this_thread::sleep_for(5ms);
    }
}

// `look` shall give plain values, and those that belong together in one look.
template <typename Wanted>
class Eventually {
  public:
    Eventually(const char* text, Wanted wanted) : text_(text), wanted_(std::move(wanted)) {}

    template <typename Look>
    testing::AssertionResult operator()(const char*, const Look& look) const {
        using Value = std::decay_t<decltype(look())>;
        const auto matcher = testing::SafeMatcherCast<const Value&>(wanted_);
        const auto begun = Clock::now();
        std::optional<Value> seen;
        const bool matched = wait_until(kPatience, [&] {
            seen.emplace(look());
            return matcher.Matches(*seen);
        });
        if (matched) return testing::AssertionSuccess();
        const auto waited = std::chrono::floor<std::chrono::seconds>(Clock::now() - begun);
        std::ostringstream what;
        matcher.DescribeTo(&what);
        testing::StringMatchResultListener why;
        matcher.MatchAndExplain(*seen, &why);
        return testing::AssertionFailure()
               << "Waited " << waited.count() << " s until: " << text_ << " " << what.str()
               << "\nLast seen: " << testing::PrintToString(*seen)
               << (why.str().empty() ? "" : ", ") << why.str();
    }

  private:
    const char* text_;
    Wanted wanted_;
};

}  // namespace finwait::test

#define EXPECT_EVENTUALLY(value, matcher) \
    EXPECT_PRED_FORMAT1((finwait::test::Eventually(#value, matcher)), [&] { return (value); })
#define ASSERT_EVENTUALLY(value, matcher) \
    ASSERT_PRED_FORMAT1((finwait::test::Eventually(#value, matcher)), [&] { return (value); })
