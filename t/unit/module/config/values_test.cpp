// SPDX-License-Identifier: Apache-2.0
#include "module/config/values.hpp"

#include <gtest/gtest.h>

namespace finwait {
namespace {

TEST(Bytes, AreReadWithAndWithoutASuffix) {
    EXPECT_EQ(parse_bytes("0"), 0u);
    EXPECT_EQ(parse_bytes("65536"), 65'536u);
    EXPECT_EQ(parse_bytes("64k"), 64u << 10);
    EXPECT_EQ(parse_bytes("2M"), 2u << 20);
    EXPECT_EQ(parse_bytes("1g"), 1u << 30);
    EXPECT_EQ(parse_bytes("unlimited"), kUnlimitedBytes);
    EXPECT_EQ(parse_bytes("UnLimited"), kUnlimitedBytes);
    EXPECT_EQ(parse_bytes("9223372036854775807"), static_cast<std::uint64_t>(INT64_MAX));
    EXPECT_EQ(parse_bytes("8589934591g"), 8'589'934'591ull << 30);
}

TEST(Bytes, AreNotReadFromAnythingElse) {
    for (const char* value :
         {"", " 1", "1 ", "-1", "+1", "k", "1kb", "1t", "0x10", "1.5m", "unlimite", "unlimitedly",
          "9223372036854775808", "8589934592g", "99999999999999999999"})
        EXPECT_FALSE(parse_bytes(value)) << value;
}

TEST(Env, IsReadLikeCustomLogs) {
    EXPECT_EQ(parse_env("env=bot"), (EnvCondition{"bot", false}));
    EXPECT_EQ(parse_env("env=!bot"), (EnvCondition{"bot", true}));
}

TEST(Env, NeedsAName) {
    for (const char* value : {"", "env", "env=", "env=!", "env=!!bot", "Env=bot", "expr=true"})
        EXPECT_FALSE(parse_env(value)) << value;
}

}  // namespace
}  // namespace finwait
