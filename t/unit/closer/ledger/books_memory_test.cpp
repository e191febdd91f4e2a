// SPDX-License-Identifier: Apache-2.0
//
// The books when a closer has died: whatever it left, its successor goes on with it.
#include "closer/ledger/books_memory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <random>
#include <string>

#include "closer/ledger/ledger.hpp"
#include "unit/books.hpp"

namespace finwait {
namespace {

using namespace test;
using namespace std::chrono_literals;

Close a_close(std::string_view user_agent, std::string_view vhost = "www") {
    Close close;
    close.user_agent = user_agent;
    close.vhost = vhost;
    close.fin_wait_2_time = 2s;
    close.requests = 3;
    return close;
}

class BooksMemoryTest : public testing::Test {
  protected:
    [[nodiscard]] UniqueFd copy() const { return UniqueFd(::dup(memory.get())); }
    // A closer's life.
    template <typename Work>
    std::size_t live(Work work, std::uint32_t size_max = kLedgerSizeDefault) {
        BooksMemory own(copy(), 1);
        EXPECT_TRUE(own.is_shared());
        Ledger ledger(own, [](AccountId) {});
        const std::size_t half_written = ledger.half_written();
        ledger.set_size(size_max);
        while (ledger.is_too_large()) ledger.evict_some();
        work(ledger);
        return half_written;
    }
    [[nodiscard]] const CloserBooks& slot() const { return books->closers[1]; }
    // Writable, as the closer that has gone had it.
    CloserBooks& left() {
        if (!writer) writer = std::make_unique<BooksMemory>(copy(), 1);
        return writer->own();
    }

    UniqueFd memory = books_memory();
    MappedBooks books{memory};
    std::unique_ptr<BooksMemory> writer;
};

TEST_F(BooksMemoryTest, TheNextCloserInASlotGoesOn) {
    live([](Ledger& ledger) {
        ledger.book(a_close("a"), 1, 1ms);
        ledger.book(a_close("b"), 1, 2ms);
        static_cast<void>(ledger.hold(AccountKey{"a", "www"}, Phase::draining, kNever, 2ms));
    });
    EXPECT_EQ(0U, live([](Ledger& ledger) {
                  EXPECT_EQ(2U, ledger.size());
                  EXPECT_EQ(0U, ledger.at(ledger.find({"a", "www"})).figures.all_open().all());
                  ledger.book(a_close("a"), 1, 3ms);
              }));
    EXPECT_EQ(3U, total_in(slot()).tally.closes);
    EXPECT_EQ(3U, closes_in_accounts(slot()));
    EXPECT_EQ(2U, accounts_in(slot()).size());
}

TEST_F(BooksMemoryTest, ASmallerLedgerKeepsTheHeaviest) {
    live([](Ledger& ledger) {
        for (int i = 0; i < 40; ++i)
            for (int j = 0; j <= i; ++j) ledger.book(a_close("ua" + std::to_string(i)), 1, 1ms);
    });
    live(
        [](Ledger& ledger) {
            EXPECT_EQ(kLedgerSizeMin, ledger.size());
            EXPECT_NE(kOther, ledger.find({"ua39", "www"}));
            EXPECT_EQ(kOther, ledger.find({"ua0", "www"}));
        },
        kLedgerSizeMin);
    EXPECT_EQ(820U, total_in(slot()).tally.closes);
}

TEST_F(BooksMemoryTest, AnAccountCaughtInTheMiddleOfABookingStays) {
    live([](Ledger& ledger) { ledger.book(a_close("a"), 1, 1ms); });
    const pid_t closer = ::fork();
    if (closer == 0)
        left().accounts[1].write([](Account& account) {
            ++account.figures.balance.tally.closes;
            ::_exit(0);
        });
    ::waitpid(closer, nullptr, 0);
    EXPECT_EQ(1U, live([](Ledger& ledger) {
                  ledger.book(a_close("a"), 1, 2ms);
                  EXPECT_EQ(1U, ledger.size());
              }));
    EXPECT_EQ(3U, closes_in_accounts(slot()));
    EXPECT_FALSE(slot().accounts[1].is_half_written());
}

TEST_F(BooksMemoryTest, AnAccountThatHadNoNameYetIsDropped) {
    live([](Ledger& ledger) { ledger.book(a_close("a"), 1, 1ms); });
    left().accounts[1].write([](Account& account) { account.figures.is_used = 0; });
    const pid_t closer = ::fork();
    if (closer == 0)
        left().accounts[1].write([](Account& account) {
            account.user_agent.set("half a na");
            ::_exit(0);
        });
    ::waitpid(closer, nullptr, 0);
    EXPECT_EQ(1U, live([](Ledger& ledger) { EXPECT_EQ(0U, ledger.size()); }));
    EXPECT_EQ(1U, total_in(slot()).tally.closes) << "(other) has it";
}

TEST_F(BooksMemoryTest, AVirtualHostCaughtInTheMiddleKeepsItsNumbers) {
    live([](Ledger& ledger) { ledger.book(a_close("a"), 1, 1ms); });
    const pid_t closer = ::fork();
    if (closer == 0) left().vhosts[0].write([](BookedVhost&) { ::_exit(0); });
    ::waitpid(closer, nullptr, 0);
    EXPECT_EQ(1U, live([](Ledger& ledger) { ledger.book(a_close("a"), 1, 2ms); }));
    EXPECT_EQ(2U, vhosts_in(slot()).at("www").tally.closes);
}

TEST_F(BooksMemoryTest, EachCloserHasASlotOfItsOwn) {
    live([](Ledger& ledger) { ledger.book(a_close("a"), 1, 1ms); });
    BooksMemory other(copy(), 2);
    Ledger ledger(other, [](AccountId) {});
    EXPECT_EQ(0U, ledger.size());
    ledger.book(a_close("a"), 1, 1ms);
    EXPECT_EQ(1U, total_in(slot()).tally.closes);
    EXPECT_EQ(1U, total_in(books->closers[2]).tally.closes);
    live([&](Ledger& first) {
        EXPECT_EQ(first.hash_of("192.0.2.1"), ledger.hash_of("192.0.2.1"))
            << "so that sketches can be merged";
    });
}

TEST_F(BooksMemoryTest, OnlyWhatIsUsedTakesMemory) {
    live([](Ledger& ledger) {
        for (int i = 0; i < 100; ++i) ledger.book(a_close("ua" + std::to_string(i)), 1, 1ms);
    });
    struct stat status {};
    ASSERT_EQ(0, ::fstat(memory.get(), &status));
    EXPECT_LT(status.st_blocks * 512, 512 * 1024);
}

TEST_F(BooksMemoryTest, WithoutMemoryOrWithAnotherBuildsTheyAreItsOwn) {
    BooksMemory none(UniqueFd(), 1);
    EXPECT_FALSE(none.is_shared());
    Ledger(none, [](AccountId) {}).book(a_close("a"), 1, 1ms);
    EXPECT_EQ(1U, total_in(none.own()).tally.closes);
    BooksHeader foreign = new_books_header();
    ++foreign.layout;
    ASSERT_GT(::pwrite(memory.get(), &foreign, sizeof foreign, 0), 0);
    EXPECT_FALSE(BooksMemory(copy(), 1).is_shared());
    EXPECT_FALSE(BooksMemory(UniqueFd(::memfd_create("small", MFD_CLOEXEC)), 1).is_shared());
}

// Whatever bytes stand there, the successor ends up with books that add up.
TEST_F(BooksMemoryTest, NoiseIsSurvived) {
    live([](Ledger& ledger) {
        for (int i = 0; i < 20; ++i) ledger.book(a_close("ua" + std::to_string(i)), 1, 1ms);
    });
    std::mt19937 random(7);
    auto* bytes = reinterpret_cast<unsigned char*>(&left());
    for (int round = 0; round < 50; ++round) {
        for (int i = 0; i < 500; ++i) {
            const std::size_t at =
                offsetof(CloserBooks, accounts) + random() % (30 * sizeof(Part<Account>));
            bytes[at] = static_cast<unsigned char>(random());
        }
        live(
            [&](Ledger& ledger) {
                for (int i = 0; i < 30; ++i)
                    ledger.book(a_close("new" + std::to_string(i)), 1, 1ms);
                EXPECT_LE(ledger.size(), kLedgerSizeMin);
                EXPECT_EQ(accounts_in(slot()).size(), ledger.size());
            },
            kLedgerSizeMin);
    }
}

}  // namespace
}  // namespace finwait
