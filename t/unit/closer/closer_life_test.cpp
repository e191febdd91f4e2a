// SPDX-License-Identifier: Apache-2.0
//
// The closer's life: set-up, accounting, bad input, predecessors and successors.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/closer/closer_fixture.hpp"
#include "unit/closer/open_descriptors.hpp"

namespace finwait {
namespace {

using namespace test;

using CloserLife = CloserTest;

TEST_F(CloserLife, AnswersSetupWithTheEffectiveLimit) {
    set_up(1000);
    static_cast<void>(notices());
    ASSERT_EQ(1U, readies.size());
    EXPECT_EQ(1000U, readies[0].max_held);
    EXPECT_EQ(kDescriptors, readies[0].descriptor_limit);
    set_up(1'000'000);
    static_cast<void>(notices());
    ASSERT_EQ(2U, readies.size());
    EXPECT_LE(readies[1].max_held, kDescriptors - descriptor_reserve(kDescriptors));
    EXPECT_GE(readies[1].max_held, kDescriptors - descriptor_reserve(kDescriptors) - 1);
}

TEST_F(CloserLife, ServesNothingBeforeItKnowsItsLimits) {
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    for (int i = 0; i < 3; ++i) turn();
    EXPECT_EQ(0U, read(counters->received));
    set_up();
    turn();
    EXPECT_EQ(1U, read(counters->received));
}

TEST_F(CloserLife, AReportIsARecordWithoutASocket) {
    set_up();
    Handoff report = sample_ended(Outcome::client_first);
    report.half_close = now.monotonic;
    ASSERT_EQ(0, send_message(child, encoded(report)));
    turn();
    EXPECT_EQ(0U, closer->held());
    expect_only(Drain::none, Outcome::client_first);
    const Record record = only_record();
    EXPECT_EQ(TcpState::closed, record.state);
    EXPECT_EQ(0U, record.socket_cookie);
    EXPECT_EQ(0U, record.drain_ms());
}

TEST_F(CloserLife, ACloseWithoutALogIsCountedAsUnlogged) {
    set_up();
    Handoff report = sample_ended(Outcome::reset);
    report.close.logs.count = 0;
    ASSERT_EQ(0, send_message(child, encoded(report)));
    turn();
    EXPECT_EQ(1U, read(counters->unlogged));
    EXPECT_EQ(0U, read(counters->records));
    EXPECT_EQ(1U, read(counter_of(counters->outcomes, Outcome::reset)));
    EXPECT_TRUE(records().empty());
}

TEST_F(CloserLife, ACloseWhoseLogIsNotOpenIsCountedAsDropped) {
    set_up();
    Handoff report = sample_ended(Outcome::reset);
    report.close.logs.ids[0] = 9;  // closed by the parent, or never given
    ASSERT_EQ(0, send_message(child, encoded(report)));
    turn();
    EXPECT_EQ(1U, read(counters->dropped));
    EXPECT_EQ(0U, read(counters->records));
}

TEST_F(CloserLife, WhatAKilledCloserReceivedAndNeverAccountedForIsLost) {
    counters->running[1].store(1);
    counters->received.store(15);
    counters->records.store(5);
    counters->unwritten[1].store(3);  // in the buffer of a log
    counters->held[1].store(2);
    counters->held[2].store(1);  // by a replaced closer that is still draining
    start();
    set_up();
    EXPECT_EQ(5U, read(counters->records));
    EXPECT_EQ(9U, read(counters->lost));
    EXPECT_EQ(0U, read(counters->held[1]));
    counters->received.fetch_sub(1);  // TearDown knows of no neighbour
}

TEST_F(CloserLife, TheBooksOfAKilledCloserAreTheNextOnes) {
    set_up();
    const auto report = [&] {
        ASSERT_EQ(0, send_message(child, encoded(sample_ended(Outcome::reset))));
        turn();
    };
    for (int i = 0; i < 3; ++i) report();
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    EXPECT_EQ(1U, accounts_in(books->closers[1]).at(0)->figures.all_open().fin_wait_2);
    counters->running[1].store(1);
    counters->held[1].store(0);
    start();
    turn();
    set_up();
    const CloserBooks& own = books->closers[1];
    EXPECT_EQ(3U, total_in(own).tally.closes);
    EXPECT_EQ(3U, closes_in_accounts(own));
    EXPECT_EQ(0U, accounts_in(own).at(0)->figures.all_open().all()) << "its sockets are gone";
    report();
    EXPECT_EQ(4U, closes_in_accounts(own));
    EXPECT_EQ(1U, closer->ledger().size());
    counters->received.fetch_sub(read(counters->lost));  // TearDown knows what this one lost
    counters->lost.store(0);
}

TEST_F(CloserLife, ItsPulseSaysThatItIsThere) {
    set_up();
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    turn(1s);
    Pulse pulse;
    ASSERT_TRUE(books->closers[1].pulse.read(pulse));
    EXPECT_EQ(static_cast<std::uint64_t>(now.monotonic.count()), pulse.monotonic_ns);
    EXPECT_EQ(static_cast<std::uint64_t>(::getpid()), pulse.pid);
    EXPECT_EQ(1U, pulse.open[static_cast<std::size_t>(Phase::draining)].fin_wait_2);
    EXPECT_EQ(1000U, pulse.held_max);
    OldSockets oldest;
    ASSERT_TRUE(books->closers[1].oldest.read(oldest));
    ASSERT_EQ(1U, oldest.count);
    EXPECT_EQ("python-requests/2.28.1", oldest.sockets[0].user_agent.text());
    EXPECT_NE(0U, oldest.sockets[0].cookie);
    pair.client.reset();
    turn_until_held(0);
    turn(1s);
    ASSERT_TRUE(books->closers[1].oldest.read(oldest));
    EXPECT_EQ(0U, oldest.count);
}

TEST_F(CloserLife, ACloserThatEndedInOrderLostNothing) {
    tell_finish(0);
    turn();
    EXPECT_TRUE(closer->is_done());
    EXPECT_EQ(0U, read(counters->running[1]));
}

TEST_F(CloserLife, BadMessagesAreCountedToldOnceAndLeakNothing) {
    set_up();
    const std::size_t before = open_descriptors();
    const UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const std::vector<std::byte> garbage(64, std::byte{0xA5});
    ASSERT_EQ(0, send_message(child, encoded(sample()), {udp.get()}));
    ASSERT_EQ(0, send_message(child, encoded(sample())));
    ASSERT_EQ(0, send_message(child, garbage, {udp.get(), udp.get()}));
    turn();
    turn();
    EXPECT_EQ(3U, read(counters->bad_messages));
    EXPECT_EQ(3U, read(counters->received));
    EXPECT_EQ(1U, notices().size());
    EXPECT_EQ(before + 1, open_descriptors());
}

TEST_F(CloserLife, ServesChildrenThatOutliveTheParent) {
    set_up();
    parent.reset();
    turn();
    EXPECT_FALSE(closer->is_done());
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
    EXPECT_FALSE(closer->is_done());
}

TEST_F(CloserLife, AParentThatDiesBeforeSetupLeavesAServingCloser) {
    parent.reset();
    turn();
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    settle(1);
}

TEST_F(CloserLife, CountsWhatItsPredecessorHeldAsLost) {
    set_up();
    std::vector<TcpPair> pairs;
    for (int i = 0; i < 3; ++i) {
        pairs.push_back(loopback.half_closed());
        hand_over(pairs.back());
    }
    settle(3);
    pairs.push_back(loopback.half_closed());
    hand_over(pairs.back());
    EXPECT_EQ(3U, read(counters->held[1]));

    start();
    EXPECT_EQ(3U, read(counters->lost));
    EXPECT_EQ(0U, read(counters->held[1]));
    set_up();
    const std::vector<std::string> told = notices();
    ASSERT_EQ(1U, told.size());
    EXPECT_NE(std::string::npos, told[0].find("3 closes")) << told[0];
    settle(1);
    EXPECT_EQ(4U, read(counters->received)) << "what was queued is served";
}

TEST_F(CloserLife, AReopenedLogGetsTheLinesNotYetWritten) {
    set_up();
    ASSERT_EQ(0, send_message(child, encoded(sample_ended(Outcome::reset))));
    turn();
    const UniqueFd old = std::move(log);
    log.reset(::memfd_create("new", MFD_CLOEXEC));
    set_up();
    EXPECT_EQ(1U, records().size());
    EXPECT_EQ(0, ::lseek(old.get(), 0, SEEK_END));
}

TEST_F(CloserLife, MessagesOfTheControlChannelThatMakeNoSenseAreTold) {
    set_up();
    const std::vector<std::byte> garbage(16, std::byte{0xEE});
    ASSERT_EQ(0, send_message(parent, garbage));
    turn();
    EXPECT_EQ(1U, notices().size());
    EXPECT_FALSE(closer->is_done());
}

}  // namespace
}  // namespace finwait
