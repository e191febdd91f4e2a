// SPDX-License-Identifier: Apache-2.0
//
// From the accounts in the books of all closers to those that the page shows.
#include <gtest/gtest.h>

#include "closer/ledger/ledger.hpp"
#include "module/status/collect.hpp"
#include "unit/books.hpp"

namespace finwait::test {
namespace {

using namespace std::chrono_literals;

// Books without a closer.
class Accounts : public testing::Test {
  protected:
    static constexpr Time kNow = 1000s;

    Accounts() {
        counters->running[0] = 1;
        counters->running[1] = 1;
        memory.own().pulse.write([](Pulse& pulse) {
            pulse.turns = 1;
            pulse.pid = static_cast<std::uint64_t>(::getpid());
            pulse.monotonic_ns = std::chrono::nanoseconds(kNow).count();
        });
    }
    static void close(Ledger& ledger, std::string_view user_agent, Time time,
                      std::uint32_t requests = 1) {
        Close close;
        close.user_agent = user_agent;
        close.vhost = "www.example.org";
        close.state = TcpState::fin_wait_2;
        close.drain = Drain::idle_timeout;
        close.requests = requests;
        close.drained_bytes = 100;
        close.fin_wait_2_time = time;
        const std::uint64_t address = requests;
        ledger.book(close, address, std::chrono::milliseconds(1'700'000'000'000));
    }
    void close(std::string_view user_agent, Time time, std::uint32_t requests = 1) {
        close(ledger, user_agent, time, requests);
    }
    StatusView view() {
        StatusSources sources{&*books, {}, *counters, *module};
        sources.monotonic = kNow;
        return collect(sources);
    }

    std::unique_ptr<CloserCounters> counters = std::make_unique<CloserCounters>();
    std::unique_ptr<ModuleCounters> module = std::make_unique<ModuleCounters>();
    UniqueFd shared = books_memory();
    MappedBooks books{shared};
    BooksMemory memory{UniqueFd(::dup(shared.get())), 0};
    Ledger ledger{memory, [](AccountId) {}};
};

TEST_F(Accounts, StandByTheTimeTheyCost) {
    close("cheap/1", 1s);
    close("costly/1", 20s, 3);
    close("costly/1", 20s, 4);
    const StatusView seen = view();
    ASSERT_EQ(seen.accounts.size(), 2U);
    const AccountView& first = seen.accounts.front();
    EXPECT_EQ(first.user_agent, "costly/1");
    EXPECT_EQ(first.finished.closes, 2U);
    EXPECT_EQ(first.finished.stuck, 2U);
    EXPECT_EQ(first.finished.requests, 7U);
    EXPECT_EQ(first.finished.drained_bytes, 200U);
    EXPECT_DOUBLE_EQ(first.finished.socket_seconds, 40);
    EXPECT_EQ(first.finished.words.outcomes[static_cast<std::size_t>(Outcome::unknown)], 2U);
    EXPECT_EQ(first.finished.fin_wait_2.quantile(0.5), 20);
    EXPECT_EQ(first.opened, 1'700'000'000s);
    EXPECT_DOUBLE_EQ(seen.finished.socket_seconds, 41);
    ASSERT_EQ(seen.vhosts.size(), 1U);
    EXPECT_EQ(seen.vhosts.front().name, "www.example.org");
    EXPECT_EQ(seen.vhosts.front().finished.closes, 3U);
    EXPECT_FALSE(seen.other);
}

TEST_F(Accounts, ThatCostTheSameStandByTheirCloses) {
    for (const char* user_agent : {"one/1", "two/1", "two/1", "another/1"}) close(user_agent, 0s);
    EXPECT_EQ(view().accounts.at(0).user_agent, "two/1");
}

TEST_F(Accounts, TotalsSayAboutHowManyVirtualHostsShareOne) {
    ledger.set_size(kLedgerSizeMin);
    for (std::uint32_t i = 0; i < kLedgerSizeMin + 5; ++i) {
        const std::string vhost = "host" + std::to_string(i);
        Close close;
        close.vhost = vhost;
        ledger.book(close, 0, 1ms);
    }
    const StatusView seen = view();
    EXPECT_EQ(seen.vhosts.size(), kLedgerSizeMin + 1);
    EXPECT_EQ(seen.vhosts.front().name, kOtherAccount);
    EXPECT_EQ(seen.vhosts.front().finished.closes, 5U);
    EXPECT_NEAR(static_cast<double>(seen.vhosts_left_out), 5, 2);
    EXPECT_EQ(seen.finished.closes, kLedgerSizeMin + 5);
}

TEST_F(Accounts, HoldEachCloseOnce) {
    for (int i = 0; i < 3000; ++i) close("client/" + std::to_string(i), 1ms * i);
    const StatusView seen = view();
    EXPECT_EQ(seen.accounts.size(), kAccountsShownMax);
    EXPECT_EQ(seen.accounts.size() + seen.accounts_left_out, ledger.size());
    ASSERT_TRUE(seen.other);
    EXPECT_EQ(seen.other->finished.closes + ledger.size(), 3000U);
    EXPECT_EQ(seen.finished.closes, 3000U);
    EXPECT_EQ(seen.finished.fin_wait_2.count(), 2999U) << "one was never in FIN_WAIT_2";
}

TEST_F(Accounts, OfTwoClosersAreOne) {
    BooksMemory other_memory(UniqueFd(::dup(shared.get())), 1);
    Ledger other(other_memory, [](AccountId) {});
    close("both", 2s, 1);
    close(other, "both", 3s, 2);
    close(other, "one", 1s);
    static_cast<void>(
        ledger.hold(AccountKey{"both", "www.example.org"}, Phase::draining, kNow - 5s, 1ms));
    static_cast<void>(
        other.hold(AccountKey{"both", "www.example.org"}, Phase::waiting, kNow - 7s, 1ms));
    const AccountView first = view().accounts.at(0);
    EXPECT_EQ(view().accounts.size(), 2U);
    EXPECT_EQ(first.user_agent, "both");
    EXPECT_EQ(first.finished.closes, 2U);
    EXPECT_EQ(first.finished.addresses, 2U);
    EXPECT_EQ(first.now.fin_wait_2, 2U);
    EXPECT_DOUBLE_EQ(first.open_socket_seconds, 12);
    EXPECT_DOUBLE_EQ(first.socket_seconds(), 17);
    EXPECT_EQ(view().finished.closes, 3U);
    counters->running[1] = 0;
    EXPECT_EQ(view().accounts.at(0).now.fin_wait_2, 1U) << "what has ended holds nothing";
    EXPECT_EQ(view().finished.closes, 3U);
}

TEST_F(Accounts, ThatHoldManyNowStandBeforeManyThatCostMore) {
    for (int i = 0; i < 150; ++i) close("old/" + std::to_string(i), 100s + 1s * i);
    for (int i = 0; i < 12; ++i)
        static_cast<void>(ledger.hold(AccountKey{"culprit/2", "www.example.org"}, Phase::draining,
                                      kNow - 1s, 1ms));
    StatusView seen = view();
    EXPECT_EQ(seen.accounts.size(), kAccountsShownMax);
    EXPECT_EQ(seen.accounts.front().user_agent, "old/149");
    EXPECT_EQ(seen.accounts[kRankedByTime].user_agent, "culprit/2");
    EXPECT_EQ(seen.accounts[kRankedByTime].now.fin_wait_2, 12U);
    EXPECT_EQ(seen.culprit.client, "culprit/2");
    EXPECT_EQ(seen.culprit.sockets, 12U);
}

TEST_F(Accounts, ThatLeaveSocketsStuckAndMoreThanOthersAreCulprits) {
    const auto close_well = [&](std::string_view user_agent, int count) {
        for (int i = 0; i < count; ++i) {
            Close close;
            close.user_agent = user_agent;
            close.vhost = "www.example.org";
            close.state = TcpState::closed;
            close.drain = Drain::fin;
            ledger.book(close, 1, 1ms);
        }
    };
    close_well("good/1", 500);
    close_well("bad/1", 10);
    for (int i = 0; i < 20; ++i) close("bad/1", 1s);
    for (int i = 0; i < 29; ++i) close("few/1", 1s);
    EXPECT_EQ(view().culprits, 1U) << "and 29 closes are too few to tell";
    close("few/1", 1s);
    EXPECT_EQ(view().culprits, 2U);
    close("good/1", 1s);
    EXPECT_EQ(view().culprits, 2U);
}

TEST_F(Accounts, OfOneClientOnSeveralVirtualHostsMakeOneCulprit) {
    const auto hold = [&](std::string_view user_agent, std::string_view vhost, int count) {
        for (int i = 0; i < count; ++i)
            static_cast<void>(
                ledger.hold(AccountKey{user_agent, vhost}, Phase::waiting, kNow, 1ms));
    };
    hold("a", "one", 20);
    hold("b", "one", 30);
    hold("a", "two", 22);
    EXPECT_EQ(view().culprit.client, "a");
    EXPECT_EQ(view().culprit.sockets, 42U);
}

TEST_F(Accounts, CaughtInTheMiddleAreAmongTheOthersOnce) {
    close("a", 2s);
    close("b", 1s);
    BooksMemory writer(UniqueFd(::dup(shared.get())), 0);
    StatusView seen;
    writer.own().accounts[1].write([&](Account&) { seen = view(); });
    EXPECT_EQ(seen.accounts.size(), 1U);
    EXPECT_EQ(seen.accounts[0].user_agent, "b");
    ASSERT_TRUE(seen.other);
    EXPECT_EQ(seen.other->finished.closes, 1U);
    EXPECT_EQ(seen.finished.closes, 2U);
    writer.own().vhosts[0].write([&](BookedVhost&) { seen = view(); });
    EXPECT_EQ(seen.finished.closes, 2U) << "no total falls, whenever it is read";
}

}  // namespace
}  // namespace finwait::test
