// SPDX-License-Identifier: Apache-2.0
#include "closer/follow/followed_sockets.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <map>
#include <random>

namespace finwait {
namespace {

TEST(CookieIndex, FindsWhatWasAddedAndNotRemoved) {
    CookieIndex index;
    std::map<std::uint64_t, std::uint32_t> truth;
    std::vector<std::uint32_t> free;
    std::mt19937_64 random(1);
    std::uint64_t next_cookie = 1;
    for (int step = 0; step < 20'000; ++step) {
        if (truth.empty() || random() % 3 != 0) {
            auto slot = static_cast<std::uint32_t>(truth.size() + free.size());
            if (!free.empty()) slot = free.back(), free.pop_back();
            next_cookie += random() % 3 == 0 ? 1 : 4096;
            index.add(next_cookie, slot);
            truth[next_cookie] = slot;
        } else {
            auto entry = truth.lower_bound(random() % next_cookie);
            if (entry == truth.end()) entry = truth.begin();
            index.remove(entry->second);
            free.push_back(entry->second);
            EXPECT_FALSE(index.find(entry->first));
            truth.erase(entry);
        }
        ASSERT_EQ(truth.size(), index.size());
    }
    for (const auto& [cookie, slot] : truth) ASSERT_EQ(slot, index.find(cookie));
}

TEST(FollowedSockets, TheSameSocketHandedOverTwiceIsTwo) {
    ClientTable clients;
    FollowedSockets sockets;
    FollowedSocket socket;
    socket.client = clients.intern({"v", "ua"});
    socket.cookie = 5;
    const std::uint32_t first = sockets.add(socket);
    const std::uint32_t second = sockets.add(socket);
    EXPECT_EQ(2U, sockets.size());
    sockets.remove(second);
    EXPECT_EQ(sockets.at(first), sockets.find(5));
    EXPECT_EQ(nullptr, sockets.at(second));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(FollowedSockets, EachTakesAtMost200BytesBesideItsClient) {
    constexpr std::size_t kCount = 100'000;
    ClientTable clients;
    FollowedSocket socket;
    socket.client = clients.intern({"v", std::string(110, 'u')});
    const std::size_t before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
    FollowedSockets sockets;
    for (socket.cookie = 1; socket.cookie <= kCount; ++socket.cookie) sockets.add(socket);
    const std::size_t after = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
    const std::size_t each = (after - before) / kCount;
    RecordProperty("bytes_per_socket", static_cast<int>(each));
    EXPECT_LE(each, kFollowedBytesMax);
    EXPECT_GE(each, sizeof(FollowedSocket)) << "they are really there";
}
#endif

}  // namespace
}  // namespace finwait
