// SPDX-License-Identifier: Apache-2.0
#include "module/connection/goaway.hpp"

#include <gtest/gtest.h>

#include <string>

namespace finwait {
namespace {

using namespace std::string_literals;

const std::string kSettings = "\0\0\0\4\1\0\0\0\0"s;
const std::string kNoError = "\0\0\xf\7\0\0\0\0\0\0\0\0\1\0\0\0\0timeout"s;
const std::string kProtocolError = "\0\0\10\7\0\0\0\0\0\0\0\0\1\0\0\0\1"s;
const std::string kEnhanceYourCalm = "\0\0\14\7\0\0\0\0\0\0\0\0\0\0\0\0\13calm"s;

TEST(Goaway, ForAnErrorIsFoundAmongOtherFrames) {
    for (const std::string& goaway : {kProtocolError, kEnhanceYourCalm}) {
        EXPECT_TRUE(holds_goaway_for_error(goaway));
        EXPECT_TRUE(holds_goaway_for_error(kSettings + goaway));
        EXPECT_TRUE(holds_goaway_for_error(kSettings + goaway + kNoError));
    }
}

TEST(Goaway, WithoutAnErrorIsNone) {
    EXPECT_FALSE(holds_goaway_for_error(kNoError));
    EXPECT_FALSE(holds_goaway_for_error(kSettings));
    EXPECT_FALSE(holds_goaway_for_error(""));
}

TEST(Goaway, InBytesThatAreNotWholeFramesIsNone) {
    const std::string both = kSettings + kProtocolError;
    for (std::size_t size = 0; size < both.size(); ++size)
        EXPECT_FALSE(holds_goaway_for_error(both.substr(0, size))) << size;
    EXPECT_FALSE(holds_goaway_for_error(kProtocolError + "x"));
    EXPECT_FALSE(holds_goaway_for_error("HTTP/1.1 200 OK\r\n\r\n" + kProtocolError));
    EXPECT_FALSE(holds_goaway_for_error("\0\0\4\7\0\0\0\0\0\0\0\0\1"s)) << "too short for a code";
    EXPECT_FALSE(holds_goaway_for_error("\xff\xff\xff\7\0\0\0\0\0"s));
}

}  // namespace
}  // namespace finwait
