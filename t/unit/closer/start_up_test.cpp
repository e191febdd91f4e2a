// SPDX-License-Identifier: Apache-2.0
#include "closer/start_up.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "finwait/protocol.hpp"

namespace finwait {
namespace {

Arguments parsed(std::vector<std::string> words, const std::string& spoken = protocol()) {
    const std::vector<std::string> first{"finwait-closer", "--protocol", spoken};
    words.insert(words.begin(), first.begin(), first.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    return parse_arguments(static_cast<int>(words.size()), argv.data());
}

TEST(ParseArguments, AcceptsWhatTheParentGives) {
    const Arguments plain = parsed({"--slot", "3"});
    EXPECT_EQ("", plain.error);
    EXPECT_EQ(3U, plain.slot);
    EXPECT_FALSE(plain.identity);

    const Arguments full =
        parsed({"--slot", "0", "--uid", "33", "--gid", "34", "--chroot", "/srv/www"});
    EXPECT_EQ("", full.error);
    ASSERT_TRUE(full.identity);
    EXPECT_EQ("/srv/www", full.chroot_dir);
    EXPECT_EQ(33U, full.identity->uid);
    EXPECT_EQ(34U, full.identity->gid);
}

TEST(ParseArguments, RefusesAnotherBuildsProtocolAndSaysWhatToDo) {
    for (const char* other : {"", "0", "0123456789abcdef"}) {
        const std::string error = parsed({"--slot", "3"}, other).error;
        EXPECT_NE(error.find("of another build"), std::string::npos) << other;
        EXPECT_NE(error.find("apachectl graceful"), std::string::npos) << error;
    }
}

TEST(ParseArguments, RefusesEverythingElse) {
    const std::vector<std::vector<std::string>> bad{
        {},
        {"--slot"},
        {"--slot", ""},
        {"--slot", "4"},
        {"--slot", "-1"},
        {"--slot", "1x"},
        {"--slot", "99999999999999999999"},
        {"--slot", "1", "more"},
        {"--slot", "1", "--unknown"},
        {"--slot", "1", "--uid", "33"},
        {"--slot", "1", "--uid", "x", "--gid", "33"},
        {"--slot", "1", "--uid", "4294967295", "--gid", "33"},
        {"--slot", "1", "--chroot"},
    };
    for (const auto& words : bad)
        EXPECT_NE("", parsed(words).error) << testing::PrintToString(words);
}

TEST(MapCounters, RefusesWhatIsNotAWholePage) {
    const UniqueFd memory(::memfd_create("counters", MFD_CLOEXEC));
    EXPECT_EQ(nullptr, map_counters(memory.get()));
    EXPECT_EQ(nullptr, map_counters(-1));
    ASSERT_EQ(0, ::ftruncate(memory.get(), kCounterPageSize - 1));
    EXPECT_EQ(nullptr, map_counters(memory.get()));
    ASSERT_EQ(0, ::ftruncate(memory.get(), kCounterPageSize));
    CloserCounters* counters = map_counters(memory.get());
    ASSERT_NE(nullptr, counters);
    EXPECT_EQ(0U, read(counters->received));
    ::munmap(counters, kCounterPageSize);
}

}  // namespace
}  // namespace finwait
