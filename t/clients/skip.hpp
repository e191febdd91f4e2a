// SPDX-License-Identifier: Apache-2.0
//
// For what this machine does not allow, found out deep inside a test: ends it as skipped.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace finwait::test {

[[noreturn]] inline void cannot_be_tried(const std::string& why) {
    [&] { GTEST_SKIP() << why; }();
    // GoogleTest's own way out of a test: what it tells of has been told.
    throw testing::AssertionException(
        testing::TestPartResult(testing::TestPartResult::kSkip, __FILE__, __LINE__, why.c_str()));
}

constexpr char kNoNetworks[] =
    "ip netns cannot make networks here (CAP_SYS_ADMIN, CAP_NET_ADMIN, a root that is a mount)";
constexpr char kNoDescriptorsOfOthers[] =
    "descriptors of another user's process cannot be read here (CAP_SYS_PTRACE)";

}  // namespace finwait::test
