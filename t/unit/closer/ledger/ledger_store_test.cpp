// SPDX-License-Identifier: Apache-2.0
#include "closer/ledger/ledger_store.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <random>
#include <string>
#include <vector>

#include "closer/ledger/ledger_memory.hpp"
#include "finwait/handoff.hpp"

namespace finwait {
namespace {

using namespace std::chrono_literals;

class LedgerStoreTest : public testing::Test {
  protected:
    UniqueFd copy() const { return UniqueFd(::dup(memory.get())); }

    static void book(Ledger& ledger, int closes) {
        for (int i = 0; i < closes; ++i) {
            BookedClose close;
            close.close.fin_wait_2_time = std::chrono::milliseconds(i);
            close.address_hash = ledger.hash_of("192.0.2." + std::to_string(i));
            const std::string number = std::to_string(i % 40);
            ledger.book({"ua" + number, "host" + number.substr(0, 1)}, close, 1000ms + 1ms * i);
        }
    }
    static std::uint64_t closes_in_accounts(const Ledger& ledger) {
        std::uint64_t closes = 0;
        for (const Account* account : ledger.accounts()) closes += account->balance.tally.closes;
        return closes;
    }
    static void expect_same(const Ledger& expected, const Ledger& got) {
        EXPECT_EQ(expected.other().balance, got.other().balance);
        ASSERT_EQ(expected.size(), got.size());
        for (const Account* account : expected.ranked()) {
            const Account& same = got.at(got.find({account->user_agent, account->vhost}));
            EXPECT_EQ(account->balance, same.balance);
            EXPECT_EQ(account->opened, same.opened);
            EXPECT_EQ(account->last_seen, same.last_seen);
            EXPECT_EQ(account->weight_ns, same.weight_ns);
        }
    }

    UniqueFd memory{::memfd_create("ledger", MFD_CLOEXEC)};
    LedgerStore store{copy(), 1};
    SipKey key = store.key();
    VhostTotals totals{memory.get()};
    Ledger ledger{key, totals, [](AccountId) {}};
    Ledger next{key, totals, [](AccountId) {}};
};

TEST_F(LedgerStoreTest, TheNextCloserFindsTheKeyAndTheLastSavedLedger) {
    EXPECT_NE(SipKey(), key);
    EXPECT_EQ(key, LedgerStore(copy(), 2).key());
    ledger.set_size(16);  // with evictions
    next.set_size(16);
    for (int i = 0; i < 3; ++i) {
        book(ledger, 50);
        ASSERT_TRUE(store.save(ledger));
    }
    LedgerStore successor(copy(), 1);
    EXPECT_TRUE(successor.adopt(1, next));
    expect_same(ledger, next);
}

TEST_F(LedgerStoreTest, AnEndedNeighboursLedgerIsAddedOnce) {
    book(ledger, 50);
    ASSERT_TRUE(store.save(ledger));
    book(next, 30);
    LedgerStore neighbour(copy(), 2);
    EXPECT_TRUE(neighbour.adopt(1, next));
    EXPECT_FALSE(neighbour.adopt(1, next));
    EXPECT_EQ(80U, closes_in_accounts(next));
    EXPECT_EQ(80U, totals.total().tally.closes) << "adopting books nothing anew";
    EXPECT_EQ(0U, next.other().balance.tally.closes);
    // It is the adopter's own now, whatever becomes of it.
    Ledger third(key, totals, [](AccountId) {});
    EXPECT_TRUE(LedgerStore(copy(), 2).adopt(2, third));
    expect_same(next, third);
}

TEST_F(LedgerStoreTest, ALedgerWhoseAdopterDiedBeforeItForgotItIsNotAddedTwice) {
    book(ledger, 50);
    ASSERT_TRUE(store.save(ledger));
    std::vector<char> slot(100'000);
    const ssize_t size = ::pread(memory.get(), slot.data(), slot.size(), half_at(1, 1));
    ASSERT_GT(size, 0);
    EXPECT_TRUE(LedgerStore(copy(), 2).adopt(1, next));
    ASSERT_EQ(size,
              ::pwrite(memory.get(), slot.data(), static_cast<std::size_t>(size), half_at(1, 1)));
    Ledger third(key, totals, [](AccountId) {});
    LedgerStore successor(copy(), 2);
    EXPECT_TRUE(successor.adopt(2, third));
    EXPECT_FALSE(successor.adopt(1, third));
    EXPECT_EQ(50U, closes_in_accounts(third));
    // What the next closer in that slot leaves is another ledger.
    Ledger later(key, totals, [](AccountId) {});
    book(later, 30);
    LedgerStore another(copy(), 1);
    ASSERT_TRUE(another.save(later));
    EXPECT_TRUE(successor.adopt(1, third));
    EXPECT_EQ(80U, closes_in_accounts(third));
}

TEST_F(LedgerStoreTest, AnAdoptedLedgerSurvivesASecondDeathBeforeTheFirstSave) {
    book(ledger, 50);
    ASSERT_TRUE(store.save(ledger));
    EXPECT_TRUE(LedgerStore(copy(), 1).adopt(1, next));
    Ledger third(key, totals, [](AccountId) {});
    LedgerStore last(copy(), 1);
    EXPECT_TRUE(last.adopt(1, third));
    expect_same(ledger, third);
    book(third, 1);
    ASSERT_TRUE(last.save(third));
    Ledger fourth(key, totals, [](AccountId) {});
    EXPECT_TRUE(LedgerStore(copy(), 1).adopt(1, fourth));
    expect_same(third, fourth);
}

TEST_F(LedgerStoreTest, ASmallerLedgerKeepsTheHeaviest) {
    book(ledger, 40);
    ASSERT_TRUE(store.save(ledger));
    next.set_size(kLedgerSizeMin);
    EXPECT_TRUE(LedgerStore(copy(), 2).adopt(1, next));
    EXPECT_EQ(kLedgerSizeMin, next.size());
    EXPECT_EQ("ua39", next.ranked()[0]->user_agent);
    EXPECT_EQ(24U, next.other().balance.tally.closes);
}

TEST_F(LedgerStoreTest, WithoutMemoryNothingIsKeptAndNothingFound) {
    LedgerStore none(UniqueFd(), 1);
    EXPECT_NE(SipKey(), none.key());
    EXPECT_FALSE(none.save(ledger));
    EXPECT_FALSE(none.adopt(1, next));
}

TEST_F(LedgerStoreTest, OnlyWhatIsWrittenTakesMemory) {
    book(ledger, 100);
    ASSERT_TRUE(store.save(ledger));
    ASSERT_TRUE(store.save(ledger));
    struct stat status {};
    ASSERT_EQ(0, ::fstat(memory.get(), &status));
    EXPECT_LT(status.st_blocks * 512, 512 * 1024);
    Ledger adopter(key, totals, [](AccountId) {});
    LedgerStore neighbour(copy(), 0);
    EXPECT_TRUE(neighbour.adopt(1, adopter));
    ASSERT_EQ(0, ::fstat(memory.get(), &status));
    EXPECT_LT(status.st_blocks * 512, 384 * 1024);
}

TEST_F(LedgerStoreTest, ALargeLedgerIsWrittenInSlicesAndCountsWhenTheLastIsThere) {
    book(ledger, 1);
    ASSERT_TRUE(store.save(ledger));
    ledger.set_size(8000);
    for (int i = 0; i < 8000; ++i)
        ledger.book({"ua" + std::to_string(i), "www"}, BookedClose(), 1000ms);
    store.begin_save(ledger);
    int slices = 0;
    for (; store.is_saving(); ++slices) {
        Ledger found(key, totals, [](AccountId) {});
        ASSERT_TRUE(LedgerStore(copy(), 1).adopt(1, found));
        EXPECT_EQ(1U, closes_in_accounts(found));
        store.write_some();
    }
    EXPECT_GT(slices, 3);
    next.set_size(8001);
    EXPECT_TRUE(LedgerStore(copy(), 1).adopt(1, next));
    expect_same(ledger, next);
}

// Killed while it wrote: some bytes of one half are old or missing, whichever they are.
TEST_F(LedgerStoreTest, AHalfThatWasNotFinishedLeavesTheOneBeforeIt) {
    book(ledger, 50);
    ASSERT_TRUE(store.save(ledger));
    Ledger newer(key, totals, [](AccountId) {});
    book(newer, 60);
    ASSERT_TRUE(store.save(newer));
    const off_t second = half_at(1, 0);
    std::vector<char> whole(40'000);
    ASSERT_GT(::pread(memory.get(), whole.data(), whole.size(), second), 0);
    std::mt19937 random(5);
    for (int i = 0; i < 300; ++i) {
        std::vector<char> damaged = whole;
        const int bytes = 1 + static_cast<int>(random() % 4);
        for (int j = 0; j < bytes; ++j) damaged[random() % 15'000] = static_cast<char>(random());
        if (i % 3 == 0) std::fill(damaged.begin() + random() % 15'000, damaged.end(), '\0');
        ASSERT_GT(::pwrite(memory.get(), damaged.data(), damaged.size(), second), 0);
        Ledger found(key, totals, [](AccountId) {});
        ASSERT_TRUE(LedgerStore(copy(), 1).adopt(1, found));
        if (damaged == whole) continue;
        EXPECT_EQ(50U, closes_in_accounts(found)) << i;
    }
}

TEST_F(LedgerStoreTest, NoiseIsNoLedger) {
    std::mt19937 random(6);
    std::vector<char> noise(200'000);
    for (char& byte : noise) byte = static_cast<char>(random());
    for (std::size_t half = 0; half < 2 * kCloserSlots; ++half)
        ASSERT_GT(::pwrite(memory.get(), noise.data(), noise.size(), half_at(0, half)), 0);
    for (std::size_t slot = 0; slot < kCloserSlots; ++slot) EXPECT_FALSE(store.adopt(slot, next));
    EXPECT_EQ(0U, next.size());
}

}  // namespace
}  // namespace finwait
