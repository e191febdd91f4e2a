// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/held_sockets.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <vector>

#include "unit/closer/channel/channel_sender.hpp"
#include "unit/closer/open_descriptors.hpp"

namespace finwait {
namespace {

class HeldSocketsTest : public testing::Test {
  protected:
    Token add() {
        UniqueFd any(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        return held.add(std::move(any), test::sample_handoff().close, {});
    }
    void remove(Token token) { held.drop(held.remove(token).client); }
    Token take_cheapest() {
        const Token token = held.cheapest().value();
        remove(token);
        return token;
    }

    HeldSockets held;
};

TEST_F(HeldSocketsTest, NothingIsCheapestWhenNothingIsHeld) {
    EXPECT_FALSE(held.cheapest());
    remove(add());
    EXPECT_FALSE(held.cheapest());
    EXPECT_EQ(0U, held.size());
}

TEST_F(HeldSocketsTest, TheOldestIsCheapestWhileNoFinIsAcknowledged) {
    const std::vector<Token> tokens{add(), add(), add()};
    for (const Token token : tokens) EXPECT_EQ(token, take_cheapest());
}

TEST_F(HeldSocketsTest, SocketsInFinWait2AreCheaperThanOlderOnes) {
    const Token first = add();
    const Token second = add();
    const Token third = add();
    held.move_to(Stage::acknowledged, third);
    held.move_to(Stage::acknowledged, second);
    EXPECT_EQ(2U, held.size_of(Stage::acknowledged));
    EXPECT_EQ(third, take_cheapest());
    EXPECT_EQ(second, take_cheapest());
    EXPECT_EQ(first, take_cheapest());
    EXPECT_EQ(0U, held.size_of(Stage::acknowledged));
}

TEST_F(HeldSocketsTest, WhatWaitsLongestIsCheapestOfAll) {
    const Token first = add();
    const Token second = add();
    const Token third = add();
    held.move_to(Stage::acknowledged, first);
    held.move_to(Stage::waiting, third);
    held.move_to(Stage::waiting, second);
    EXPECT_EQ(3U, held.size());
    EXPECT_EQ(third, take_cheapest());
    EXPECT_EQ(second, take_cheapest());
    EXPECT_EQ(first, take_cheapest());
}

TEST_F(HeldSocketsTest, RemovalFromTheMiddleKeepsTheOrder) {
    const Token first = add();
    const Token second = add();
    const Token third = add();
    remove(second);
    EXPECT_EQ(first, take_cheapest());
    EXPECT_EQ(third, take_cheapest());
}

TEST_F(HeldSocketsTest, AStaleTokenFindsNothingThoughItsSlotIsInUseAgain) {
    const Token old = add();
    remove(old);
    const Token reused = add();
    ASSERT_EQ(slot_of(old), slot_of(reused));
    EXPECT_EQ(nullptr, held.find(old));
    EXPECT_NE(nullptr, held.find(reused));
    EXPECT_EQ(nullptr, held.find(Token{UINT32_MAX}));
}

TEST_F(HeldSocketsTest, RemovalClosesTheSocket) {
    const std::size_t before = test::open_descriptors();
    std::vector<Token> tokens;
    for (int i = 0; i < 300; ++i) tokens.push_back(add());
    EXPECT_EQ(before + 300, test::open_descriptors());
    for (const Token token : tokens) remove(token);
    EXPECT_EQ(before, test::open_descriptors());
}

TEST_F(HeldSocketsTest, HeldSocketsDoNotMoveWhenMoreAreAdded) {
    const Token first = add();
    const HeldSocket* where = held.find(first);
    for (int i = 0; i < 600; ++i) static_cast<void>(add());
    EXPECT_EQ(where, held.find(first));
}

}  // namespace
}  // namespace finwait
