// SPDX-License-Identifier: Apache-2.0
#include "closer/ledger/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <bit>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "finwait/handoff.hpp"
#include "unit/books.hpp"

namespace finwait {
namespace {

using namespace std::chrono_literals;
using namespace test;

constexpr std::uint64_t kAddress = 1;  // its hash
constexpr std::chrono::milliseconds kNow = 1'700'000'000s;

Close close_of(std::string_view user_agent, std::string_view vhost,
               std::chrono::nanoseconds fin_wait_2_time) {
    const bool is_stuck = fin_wait_2_time > 0s;
    Close close;
    close.user_agent = user_agent;
    close.vhost = vhost;
    close.cause = Cause::keepalive_timeout;
    close.state = is_stuck ? TcpState::fin_wait_2 : TcpState::closed;
    close.drain = is_stuck ? Drain::deadline : Drain::fin;
    close.outcome = is_stuck ? Outcome::unknown : Outcome::fin;
    close.requests = 2;
    close.drained_bytes = 10;
    close.fin_wait_2_time = fin_wait_2_time;
    return close;
}

// All that it counts.
auto fields_of(const Tally& tally) {
    return std::bit_cast<std::array<std::uint64_t, sizeof tally / sizeof(std::uint64_t)>>(tally);
}

class LedgerTest : public testing::Test {
  protected:
    AccountId book(std::string_view user_agent, std::chrono::nanoseconds time = 0s,
                   std::string_view vhost = "www") {
        return ledger.book(close_of(user_agent, vhost, time), kAddress, now += 1ms);
    }
    const Account& account(std::string_view user_agent, std::string_view vhost = "www") {
        return ledger.at(ledger.find({user_agent, vhost}));
    }
    // What holds at any time.
    void expect_that_it_adds_up() const {
        const auto total = fields_of(total_in(memory.own()).tally);
        Tally in_accounts;
        for (const Account* each : accounts_in(memory.own()))
            in_accounts += each->figures.balance.tally;
        EXPECT_THAT(fields_of(in_accounts), testing::Pointwise(testing::Le(), total));
        if (evicted.empty()) {
            EXPECT_EQ(fields_of(in_accounts), total);
        }
        EXPECT_LE(ledger.size(), ledger.size_max());
        EXPECT_EQ(accounts_in(memory.own()).size(), ledger.size());
    }
    void TearDown() override { expect_that_it_adds_up(); }

    [[nodiscard]] std::uint64_t other_closes() const {
        return total_in(memory.own()).tally.closes - closes_in_accounts(memory.own());
    }
    [[nodiscard]] OpenSockets open(AccountId id, Phase phase = Phase::draining) const {
        return ledger.at(id).figures.open[static_cast<std::size_t>(phase)];
    }

    std::vector<AccountId> evicted;
    std::chrono::milliseconds now = kNow;
    mutable BooksMemory memory{UniqueFd(), 0};
    Ledger ledger{memory, [this](AccountId id) { evicted.push_back(id); }};
};

TEST_F(LedgerTest, AnAccountIsOfAUserAgentOnAVirtualHost) {
    const AccountId id = book("a", 2s);
    EXPECT_EQ(id, book("a", 3s));
    EXPECT_NE(id, book("a", 1s, "other.example"));
    EXPECT_NE(id, book("b"));
    const Tally& tally = account("a").figures.balance.tally;
    EXPECT_EQ(2U, tally.closes);
    EXPECT_EQ(2U, tally.stuck);
    EXPECT_EQ(4U, tally.requests);
    EXPECT_EQ(20U, tally.drained_bytes);
    EXPECT_EQ(5'000'000'000U, tally.fin_wait_2_ns);
    EXPECT_EQ(2U, tally.outcomes[static_cast<std::size_t>(Outcome::unknown)]);
    EXPECT_EQ(2U, tally.causes[static_cast<std::size_t>(Cause::keepalive_timeout)]);
    EXPECT_EQ(2U, tally.drains[static_cast<std::size_t>(Drain::deadline)]);
    EXPECT_EQ((kNow + 1ms).count(), static_cast<std::int64_t>(account("a").figures.opened_ms));
    EXPECT_EQ((kNow + 2ms).count(), static_cast<std::int64_t>(account("a").figures.last_seen_ms));
    EXPECT_EQ(4U, total_in(memory.own()).tally.closes);
    EXPECT_EQ(3U, vhosts_in(memory.own()).at("www").tally.closes);
}

TEST_F(LedgerTest, NamesAreNotRunTogether) {
    EXPECT_NE(book("bc", 0s, "a"), book("c", 0s, "ab"));
    EXPECT_NE(book("", 0s, "a"), book("a", 0s, ""));
    EXPECT_EQ(kOther, ledger.find({"nobody", "www"}));
    // Even a client that calls itself so has an account of its own.
    EXPECT_NE(kOther, book("(other)"));
}

TEST_F(LedgerTest, TheLightestAccountIsEvictedOfEqualsTheOneNotSeenForLongest) {
    ledger.set_size(kLedgerSizeMin);
    for (std::uint32_t i = 0; i < kLedgerSizeMin; ++i)
        book("ua" + std::to_string(i), i < 3 ? 0s : 5s);
    book("ua0");
    const AccountId victim = ledger.find({"ua1", "www"});
    book("new");
    EXPECT_EQ(std::vector{victim}, evicted);
    EXPECT_EQ(kOther, ledger.find({"ua1", "www"}));
    EXPECT_NE(kOther, ledger.find({"ua0", "www"}));
    EXPECT_EQ(1U, other_closes());
}

TEST_F(LedgerTest, AnInheritedWeightIsNoFigure) {
    ledger.set_size(kLedgerSizeMin);
    for (std::uint32_t i = 0; i < kLedgerSizeMin; ++i) book("ua" + std::to_string(i), 5s);
    book("new", 1s);
    const AccountFigures& figures = account("new").figures;
    EXPECT_EQ(6'000'000'000U, figures.weight_ns);
    EXPECT_EQ(1'000'000'000U, figures.balance.tally.fin_wait_2_ns);
    EXPECT_EQ(figures.opened_ms, figures.last_seen_ms);
}

TEST_F(LedgerTest, ASmallerSizeEvictsBitByBitTheLightestFirst) {
    for (int i = 0; i < 300; ++i) book("ua" + std::to_string(i), std::chrono::seconds(i));
    ledger.set_size(1);
    EXPECT_EQ(300U, ledger.size());
    book("another");
    EXPECT_EQ(300U, ledger.size()) << "in the place of the lightest";
    EXPECT_EQ(kOther, ledger.find({"ua0", "www"}));
    ledger.evict_some();
    EXPECT_EQ(300 - kEvictionsPerTurn, ledger.size());
    EXPECT_TRUE(ledger.is_too_large());
    ledger.evict_some();
    EXPECT_FALSE(ledger.is_too_large());
    EXPECT_EQ(kLedgerSizeMin, ledger.size());
    EXPECT_EQ(301U - kLedgerSizeMin, other_closes());
    EXPECT_NE(kOther, ledger.find({"ua299", "www"}));
    book("one more");
    EXPECT_EQ(kLedgerSizeMin, ledger.size());
}

TEST_F(LedgerTest, VirtualHostsBeyondTheBoundShareOneName) {
    ledger.set_size(300);
    for (int turn = 0; turn < 2; ++turn)
        for (int i = 0; i < 320; ++i) book("a", 1s, "host" + std::to_string(i));
    EXPECT_EQ(301U, vhosts_in(memory.own()).size());
    EXPECT_EQ(2U, vhosts_in(memory.own()).at("host299").tally.closes);
    EXPECT_EQ(40U, vhosts_in(memory.own()).at("(other)").tally.closes);
    EXPECT_NEAR(20.0, static_cast<double>(memory.own().beyond.own().names.estimate()), 6.0);
    EXPECT_EQ(640U, total_in(memory.own()).tally.closes);
}

TEST_F(LedgerTest, VirtualHostsStayWhenTheBoundIsLoweredAndComeWhenItIsRaised) {
    for (std::size_t i = 0; i < 20; ++i) book("a", 1s, "host" + std::to_string(i));
    ledger.set_size(kLedgerSizeMin);
    book("a", 1s, "host19");
    book("a", 1s, "new");
    EXPECT_EQ(2U, vhosts_in(memory.own()).at("host19").tally.closes);
    EXPECT_EQ(1U, vhosts_in(memory.own()).at("(other)").tally.closes);
    ledger.set_size(kLedgerSizeDefault);
    book("a", 1s, "new");
    EXPECT_EQ(1U, vhosts_in(memory.own()).at("new").tally.closes);
    EXPECT_EQ(1U, vhosts_in(memory.own()).at("(other)").tally.closes);
}

TEST_F(LedgerTest, ANameIsCutAtItsBound) {
    const std::string longest(kVhostMax, 'x');
    EXPECT_EQ(book("a", 1s, longest), book("a", 1s, longest + "y"));
    EXPECT_EQ(2U, vhosts_in(memory.own()).at(longest).tally.closes);
}

TEST_F(LedgerTest, HeldSocketsStandInTheirAccountByStateAndPhase) {
    Holding one = ledger.hold(AccountKey{"a", "www"}, Phase::draining, kNever, now);
    Holding two = ledger.hold(AccountKey{"a", "www"}, Phase::draining, 7s, now);
    const AccountId id = ledger.find({"a", "www"});
    EXPECT_EQ((OpenSockets{1, 1, 7'000'000'000}), open(id));
    EXPECT_EQ(3'000'000'000U, open(id).fin_wait_2_ns(10'000'000'000));
    ledger.move(one, Phase::draining, 9s);
    ledger.move(two, Phase::waiting, 7s);
    EXPECT_EQ((OpenSockets{0, 1, 9'000'000'000}), open(id));
    EXPECT_EQ((OpenSockets{0, 1, 7'000'000'000}), open(id, Phase::waiting));
    for (Holding* holding : {&one, &two, &two}) ledger.release(*holding);
    EXPECT_EQ(OpenSockets(), open(id));
    EXPECT_EQ(OpenSockets(), open(id, Phase::waiting));
    EXPECT_EQ(0U, account("a").figures.balance.tally.closes);
}

TEST_F(LedgerTest, WhoHoldsSocketsIsNotPushedOutByWhoHoldsNone) {
    ledger.set_size(kLedgerSizeMin);
    Holding holding = ledger.hold(AccountKey{"culprit", "www"}, Phase::draining, kNever, now);
    for (int i = 0; i < 1000; ++i) book("ua" + std::to_string(i));
    EXPECT_EQ(1U, open(ledger.find({"culprit", "www"})).fin_wait_1);
    ledger.release(holding);
}

TEST_F(LedgerTest, WhoComesLateAndHoldsManyIsNotPushedOutByWhoHoldOneEach) {
    ledger.set_size(kLedgerSizeMin);
    const auto hold_one = [this](std::string_view user_agent) {
        static_cast<void>(
            ledger.hold(AccountKey{user_agent, "www"}, Phase::draining, kNever, now += 1ms));
    };
    for (std::uint32_t i = 0; i < 20 * kLedgerSizeMin; ++i) {
        hold_one("ua" + std::to_string(i));
        if (i / kLedgerSizeMin == 10 && i % 4 == 0) hold_one("culprit");
    }
    EXPECT_EQ(kLedgerSizeMin / 4, open(ledger.find({"culprit", "www"})).fin_wait_1);
}

TEST_F(LedgerTest, SocketsOfAnEvictedAccountAreAmongTheOthersToTheirEnd) {
    ledger.set_size(kLedgerSizeMin);
    Holding holding = ledger.hold(AccountKey{"a", "www"}, Phase::draining, 5s, now);
    for (std::uint32_t i = 0; i < kLedgerSizeMin; ++i) book("ua" + std::to_string(i), 9s);
    EXPECT_EQ(kOther, ledger.find({"a", "www"}));
    EXPECT_EQ((OpenSockets{0, 1, 5'000'000'000}), open(kOther));
    ledger.move(holding, Phase::waiting, 6s);
    EXPECT_EQ((OpenSockets{0, 1, 6'000'000'000}), open(kOther, Phase::waiting));
    ledger.release(holding);
    EXPECT_EQ(OpenSockets(), open(kOther));
    EXPECT_EQ(OpenSockets(), open(kOther, Phase::waiting));
}

// Space-Saving's promises, on a stream where small ones outnumber the bound by far.
TEST_F(LedgerTest, WhoHasMoreThanItsShareOfTheTimeHasAnAccount) {
    ledger.set_size(32);
    std::mt19937 random(7);
    std::map<std::string, std::uint64_t> truth;
    for (int i = 0; i < 50'000; ++i) {
        const bool is_heavy = random() % 3 == 0;
        const std::string name = is_heavy ? "heavy" + std::to_string(random() % 5)
                                          : "ua" + std::to_string(random() % 5000);
        const auto time = std::chrono::milliseconds(random() % 5000);
        truth[name] += static_cast<std::uint64_t>(std::chrono::nanoseconds(time).count());
        book(name, time);
    }
    const std::uint64_t share = total_in(memory.own()).tally.fin_wait_2_ns / 32;
    for (const auto& [name, time] : truth) {
        if (time <= share) continue;
        ASSERT_NE(kOther, ledger.find({name, "www"})) << name;
        EXPECT_GE(account(name).figures.weight_ns, time);
        EXPECT_LE(account(name).figures.weight_ns, time + share);
    }
    for (const Account* each : accounts_in(memory.own()))
        EXPECT_LE(each->figures.weight_ns - each->figures.balance.tally.fin_wait_2_ns, share);
}

std::string random_user_agent(std::mt19937_64& random) {
    std::string text(64, ' ');
    for (char& c : text) c = static_cast<char>('!' + random() % 90);
    return text;
}

std::size_t bytes_in_use() {
    const struct mallinfo2 info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

TEST(LedgerFlood, AMillionRandomUserAgentsHideNoCulpritAndTakeNoMemory) {
    // What an account takes beside itself: its places in set and heap.
    constexpr std::size_t kBytesMax = kLedgerSizeDefault * 160 + 65'536;
    std::mt19937_64 random(3);
    BooksMemory memory(UniqueFd(), 0);
    Ledger ledger(memory, [](AccountId) {});
    const std::size_t before = bytes_in_use();
    for (int i = 0; i < 1'000'000; ++i) {
        ledger.book(close_of(random_user_agent(random), "www", 5s), random(), kNow);
        if (i % 100 == 0) ledger.book(close_of("culprit/1.0", "www", 5s), kAddress, kNow);
    }
    EXPECT_LT(bytes_in_use() - before, kBytesMax);
    EXPECT_EQ(kLedgerSizeDefault, ledger.size());
    EXPECT_EQ(kLedgerSizeDefault + 1, memory.own().accounts_used);
    const Account& culprit = ledger.at(ledger.find({"culprit/1.0", "www"}));
    EXPECT_EQ(10'000U, culprit.figures.balance.tally.closes);
    EXPECT_EQ(1'010'000U, total_in(memory.own()).tally.closes);
    EXPECT_EQ(10'000U + kLedgerSizeDefault - 1, closes_in_accounts(memory.own()))
        << "each of the others has come once";
    std::printf("memory: %zu bytes of at most %zu\n", bytes_in_use() - before, kBytesMax);
}

}  // namespace
}  // namespace finwait
