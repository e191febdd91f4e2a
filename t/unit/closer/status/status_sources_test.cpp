// SPDX-License-Identifier: Apache-2.0
//
// What the status page has from the ledger.
#include "unit/closer/status/status_sources.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "closer/status/collect.hpp"
#include "closer/status/verdict.hpp"
#include "finwait/histogram.hpp"
#include "unit/closer/channel/channel_sender.hpp"
#include "unit/closer/drain/tcp_pair.hpp"

namespace finwait::test {
namespace {

using namespace std::chrono_literals;

struct StatusSourcesTest : WithSources {
    void close(std::string_view user_agent, Time fin_wait_2_time, std::uint32_t requests = 1) {
        Handoff handoff = sample_handoff();
        handoff.user_agent = user_agent;
        handoff.requests = requests;
        handoff.logs.count = 0;
        CloseEnd end;
        end.drain = Drain::idle_timeout;
        end.outcome = Outcome::timeout;
        end.facts.state = TcpState::fin_wait_2;
        end.fin_wait_2_time = fin_wait_2_time;
        end.drained_bytes = 100;
        records.keep(handoff, end, now);
    }
    StatusView view() { return collect(sources, {}, now); }
};

TEST_F(StatusSourcesTest, AccountsStandByTheTimeTheyCost) {
    close("cheap/1", 1s);
    close("costly/1", 20s, 3);
    close("costly/1", 20s, 4);
    const StatusView seen = view();
    ASSERT_EQ(seen.accounts.size(), 2U);
    const AccountView& first = seen.accounts.front();
    EXPECT_EQ(first.user_agent, "costly/1");
    ASSERT_TRUE(first.finished);
    EXPECT_EQ(first.finished->closes, 2U);
    EXPECT_EQ(first.finished->stuck, 2U);
    EXPECT_EQ(first.finished->requests, 7U);
    EXPECT_EQ(first.finished->drained_bytes, 200U);
    EXPECT_DOUBLE_EQ(first.finished->socket_seconds, 40);
    EXPECT_EQ(first.finished->words.outcomes[static_cast<std::size_t>(Outcome::timeout)], 2U);
    EXPECT_EQ(first.finished->fin_wait_2.quantile(0.5), 20);
    EXPECT_EQ(first.opened, 1'700'000'000s);
    ASSERT_TRUE(seen.finished);
    EXPECT_DOUBLE_EQ(seen.finished->socket_seconds, 41);
    ASSERT_EQ(seen.vhosts.size(), 1U);
    EXPECT_EQ(seen.vhosts.front().name, "www.example.org");
    EXPECT_EQ(seen.vhosts.front().finished.closes, 3U);
}

TEST_F(StatusSourcesTest, HoldEachCloseOnce) {
    for (int i = 0; i < 3000; ++i) close("client/" + std::to_string(i), 1ms * i);
    const StatusView seen = view();
    EXPECT_EQ(seen.accounts.size(), kAccountsShownMax);
    EXPECT_EQ(seen.accounts.size() + seen.accounts_left_out, records.ledger().size());
    ASSERT_TRUE(seen.other);
    EXPECT_EQ(seen.other->finished->closes + records.ledger().size(), 3000U);
    EXPECT_EQ(seen.finished->closes, 3000U);
    EXPECT_EQ(seen.finished->fin_wait_2.count(), 2999U) << "one was never in FIN_WAIT_2";
}

TEST_F(StatusSourcesTest, ANewHolderIsSeenBesideManyThatCostMore) {
    for (int i = 0; i < 150; ++i) close("old/" + std::to_string(i), 100s + 1s * i);
    Loopback loopback;
    Handoff handoff = sample_handoff();
    handoff.user_agent = "culprit/2";
    for (int i = 0; i < 12; ++i) {
        TcpPair pair = loopback.half_closed();
        const Token token = held.add(std::move(pair.server), handoff,
                                     DrainState(handoff.policy, 15'000, now.monotonic - 1s));
        held.find(token)->drain.saw_unacked(0, now.monotonic - 1s);
        held.move_to(Stage::acknowledged, token);
    }
    const StatusView seen = view();
    EXPECT_EQ(seen.accounts.size(), kAccountsShownMax);
    EXPECT_EQ(seen.accounts.front().user_agent, "old/149");
    EXPECT_EQ(seen.accounts[kRankedByTime].user_agent, "culprit/2");
    EXPECT_EQ(seen.accounts[kRankedByTime].now.fin_wait_2, 12U);
    EXPECT_EQ(verdict_of(seen).user_agent, "culprit/2");
}

TEST_F(StatusSourcesTest, TellWhatIsOursFromWhatTheKernelHas) {
    EXPECT_FALSE(view().unattributed) << "not asked";
    Loopback loopback;
    const Handoff handoff = sample_handoff();
    std::vector<Token> tokens;
    std::vector<UniqueFd> clients;
    for (int i = 0; i < 3; ++i) {
        TcpPair pair = loopback.half_closed();
        clients.push_back(std::move(pair.client));
        tokens.push_back(held.add(std::move(pair.server), handoff,
                                  DrainState(handoff.policy, 15'000, now.monotonic - 1s)));
        held.find(tokens.back())->drain.saw_unacked(0, now.monotonic - 1s);
    }
    held.find(tokens[0])->drain.begin_waiting(now.monotonic);
    held.move_to(Stage::waiting, tokens[0]);
    Question question;
    question.on_ports = SocketCounts{0, 10, 1};
    const StatusView seen = collect(sources, question, now);
    EXPECT_EQ(seen.draining, (SocketCounts{0, 2, 0}));
    EXPECT_EQ(seen.waiting, (SocketCounts{0, 1, 0}));
    EXPECT_EQ(seen.unattributed, (SocketCounts{0, 7, 1}));
    ASSERT_EQ(seen.oldest.size(), 3U);
}

}  // namespace
}  // namespace finwait::test
