// SPDX-License-Identifier: Apache-2.0
#include "finwait/remedy_table.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

namespace finwait {
namespace {

constexpr std::uint64_t kNow = 1'700'000'000;
constexpr std::uint64_t kEnd = kNow + 60;

Network network(std::uint8_t third) {
    return network_of({Endpoint::Family::ipv4, 80, {10, 0, third, 9}});
}

struct RemedyTableTest : testing::Test {
    std::unique_ptr<RemedyTable> table = std::make_unique<RemedyTable>();
    std::uint64_t python = table->key_of("www", "python-requests/2.28.1");

    RemedyTableTest() { table->lay_out({1, 2}); }
};

TEST_F(RemedyTableTest, GivesWhatWasSetUntilItsEnd) {
    ASSERT_TRUE(table->set(python, Remedy::nokeepalive, kEnd));
    EXPECT_EQ(Remedy::nokeepalive, table->find(python, kNow));
    EXPECT_EQ(Remedy::nokeepalive, table->find(python, kEnd - 1));
    EXPECT_EQ(Remedy::none, table->find(python, kEnd));
    EXPECT_EQ(Remedy::none, table->find(table->key_of("www", "curl/8"), kNow));
    ASSERT_TRUE(table->set(python, Remedy::cut_short, kEnd + 9));
    EXPECT_EQ(Remedy::cut_short, table->find(python, kEnd));
    table->remove(python);
    EXPECT_EQ(Remedy::none, table->find(python, kNow));
}

TEST_F(RemedyTableTest, KeysTellVirtualHostAndUserAgentApart) {
    EXPECT_NE(table->key_of("a", "bc"), table->key_of("ab", "c"));
    EXPECT_NE(table->key_of("", "www"), table->key_of("www", ""));
    EXPECT_NE(python, table->key_of(python, network(1)));
    EXPECT_NE(table->key_of(python, network(1)), table->key_of(python, network(2)));
    const std::string longest(kUserAgentMax, 'x');
    EXPECT_NE(0U, table->key_of(std::string(kVhostMax, 'v'), longest));
}

TEST_F(RemedyTableTest, ANetworkIsA24OrA48) {
    EXPECT_EQ(network(1), network_of({Endpoint::Family::ipv4, 1, {10, 0, 1, 200}}));
    EXPECT_NE(network(1), network(2));
    EXPECT_EQ("10.0.1.0/24", network_text(network(1)));
    const Endpoint here{Endpoint::Family::ipv6, 1, {0x20, 1, 0x0d, 0xb8, 0, 7, 1, 2, 3}};
    Endpoint near = here, far = here;
    near.address[6] = 9;
    far.address[5] = 9;
    EXPECT_EQ(network_of(here), network_of(near));
    EXPECT_NE(network_of(here), network_of(far));
    EXPECT_EQ("2001:db8:7::/48", network_text(network_of(here)));
    EXPECT_EQ(Network::none, network_of({}));
    EXPECT_EQ("", network_text(Network::none));
}

// Nobody can choose such a key from outside; here it is chosen.
TEST_F(RemedyTableTest, RefusesAKeyWhosePlacesAreTakenAndDisturbsNone) {
    const auto key = [](std::uint64_t i) { return 5 + i * RemedyTable::kPlaces; };
    for (std::uint64_t i = 0; i < RemedyTable::kLooks; ++i)
        ASSERT_TRUE(table->set(key(i), Remedy::nokeepalive, kEnd)) << i;
    EXPECT_FALSE(table->set(key(RemedyTable::kLooks), Remedy::cut_short, kEnd));
    EXPECT_EQ(Remedy::none, table->find(key(RemedyTable::kLooks), kNow));
    EXPECT_TRUE(table->set(key(3), Remedy::cut_short, kEnd)) << "one that is there has its place";
    table->remove(key(0));
    EXPECT_TRUE(table->set(key(RemedyTable::kLooks), Remedy::cut_short, kEnd));
    for (std::uint64_t i = 1; i <= RemedyTable::kLooks; ++i)
        EXPECT_NE(Remedy::none, table->find(key(i), kNow)) << i;
}

TEST_F(RemedyTableTest, IsEmptiedByWhoTakesIt) {
    table->take(1);
    EXPECT_TRUE(table->is_empty());
    ASSERT_TRUE(table->set(python, Remedy::nokeepalive, kEnd));
    table->set_used(1);
    EXPECT_FALSE(table->is_empty());
    table->take(2);
    EXPECT_EQ(2U, table->owner());
    EXPECT_TRUE(table->is_empty());
    EXPECT_EQ(Remedy::none, table->find(python, kNow));
}

// What the old owner still does while the new one empties it.
TEST_F(RemedyTableTest, AReplacedOwnersLastWritesDoNotPutTheCountOutOfStep) {
    constexpr std::uint64_t kEmptiedFirst = 0;
    for (int round = 0; round < 20; ++round) {
        table->take(1);
        std::atomic<bool> has_begun{false}, is_over{false};
        std::thread old([&] {
            while (!is_over) {
                table->set(kEmptiedFirst, Remedy::nokeepalive, kEnd);
                table->set_used(1);
                table->remove(kEmptiedFirst);
                table->set_used(0);
                has_begun = true;
            }
        });
        while (!has_begun) std::this_thread::yield();
        table->take(2);
        is_over = true;
        old.join();
        ASSERT_TRUE(table->set(python, Remedy::nokeepalive, kEnd));
        table->set_used(1);
        EXPECT_FALSE(table->is_empty());
        table->remove(python);
        table->set_used(0);
        EXPECT_TRUE(table->is_empty());
    }
}

// A reader sees a key's own remedy or none, whatever is being written over it.
TEST_F(RemedyTableTest, IsReadWhileItIsWritten) {
    constexpr std::uint64_t kKeys = 64;
    // All of them in the same few places; an odd key has one remedy, an even key the other.
    const auto key = [](std::uint64_t i) { return i * RemedyTable::kPlaces + i % 2; };
    const auto remedy = [](std::uint64_t i) {
        return i % 2 == 0 ? Remedy::nokeepalive : Remedy::cut_short;
    };
    std::atomic<bool> is_over{false};
    std::atomic<std::uint64_t> found{0}, wrong{0};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 2; ++reader)
        readers.emplace_back([&] {
            while (!is_over)
                for (std::uint64_t i = 1; i < kKeys; ++i) {
                    const Remedy seen = table->find(key(i), kNow);
                    if (seen == Remedy::none) continue;
                    ++found;
                    if (seen != remedy(i)) ++wrong;
                }
        });
    for (int round = 0; round < 20'000 || found == 0; ++round)
        for (std::uint64_t i = 1; i < kKeys; ++i)
            if (!table->set(key(i), remedy(i), kEnd)) table->remove(key((i * 7) % kKeys));
    is_over = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(0U, wrong);
}

// What a request pays where FinWaitAuto is On.
TEST_F(RemedyTableTest, CostsNextToNothingWhileItIsEmpty) {
    constexpr int kRounds = 1'000'000;
    // This thread's own: whatever else the machine does is not counted.
    const auto cpu_time = [] {
        timespec time{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
    };
    const auto time_of = [&](const std::string& user_agent) {
        std::uint64_t found = 0;
        const double begun = cpu_time();
        for (int i = 0; i < kRounds; ++i) {
            asm volatile("" : : "r"(table.get()) : "memory");
            if (table->is_empty()) continue;
            const std::uint64_t client = table->key_of("www.example.org", user_agent);
            found += table->find(client, kNow) != Remedy::none;
            found += table->find(table->key_of(client, network(1)), kNow) != Remedy::none;
        }
        EXPECT_EQ(0U, found);
        return (cpu_time() - begun) / kRounds;
    };
    const std::string browser(112, 'x');
    const double empty = time_of(browser);
    ASSERT_TRUE(table->set(python, Remedy::nokeepalive, kEnd));
    table->set_used(1);
    const double filled = time_of(browser);
    std::printf("look-up: %.1f ns in an empty table, %.0f ns in another\n", empty, filled);
    EXPECT_LT(empty, 100);
}

}  // namespace
}  // namespace finwait
