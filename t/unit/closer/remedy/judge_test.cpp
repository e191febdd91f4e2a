// SPDX-License-Identifier: Apache-2.0
#include "closer/remedy/judge.hpp"

#include <gtest/gtest.h>

#include <set>

namespace finwait {
namespace {

using namespace std::chrono_literals;

Network network(unsigned number) {
    return network_of(
        {Endpoint::Family::ipv4,
         80,
         {10, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}});
}

const std::set<Network> kAllOfIt{Network::none};

struct JudgeTest : testing::Test {
    AutoRule rule;  // 50 %, 50 closes, 2 requests
    Evidence evidence;

    void close(unsigned from, int stuck, int well, std::uint32_t requests = 1) {
        for (int i = 0; i < stuck; ++i) evidence.add(network(from), {1, 1, 1, requests}, 0s);
        for (int i = 0; i < well; ++i) evidence.add(network(from), {1, 0, 0, requests}, 0s);
    }
    [[nodiscard]] std::vector<Sentence> sentences(std::set<Network> on_trial = {}) const {
        return judge(evidence, rule, [&](Network each) { return on_trial.contains(each); });
    }
    void expect_all_of_the_client() {
        ASSERT_EQ(1U, sentences().size());
        EXPECT_EQ(Network::none, sentences()[0].network);
    }
    void expect_only(std::vector<unsigned> numbers, std::set<Network> on_trial = {}) {
        std::vector<Network> wanted, found;
        for (const unsigned number : numbers) wanted.push_back(network(number));
        for (const Sentence& sentence : sentences(on_trial)) found.push_back(sentence.network);
        EXPECT_EQ(wanted, found);
    }
};

TEST_F(JudgeTest, FromTheShareOnAndNotBefore) {
    for (const unsigned from : {1U, 2U, 3U, 4U}) close(from, 25, 25);
    expect_all_of_the_client();
    close(4, 0, 1);
    EXPECT_TRUE(sentences().empty());
    EXPECT_FALSE(sentences(kAllOfIt).empty()) << "on trial half of it is enough";
}

TEST_F(JudgeTest, OnTrialHalfTheShareIsTheLimit) {
    for (const unsigned from : {1U, 2U, 3U, 4U}) close(from, 25, 75);
    EXPECT_EQ(1U, sentences(kAllOfIt).size());
    close(4, 0, 1);
    EXPECT_TRUE(sentences(kAllOfIt).empty());
}

// A third of its closes is stuck, from everywhere.
TEST_F(JudgeTest, ANetworkOnTrialLowersTheLimitForItselfOnly) {
    for (const unsigned from : {1U, 2U, 3U, 4U}) close(from, 10, 20);
    expect_only({2}, {network(2)});
    expect_only({1, 2, 3, 4}, {network(1), network(2), network(3), network(4)});
    EXPECT_EQ(Network::none, sentences(kAllOfIt).at(0).network);
}

TEST_F(JudgeTest, AClientOnTrialLowersTheLimitForNoNetwork) {
    close(1, 20, 30);
    expect_only({}, kAllOfIt);
    expect_only({1}, {network(1)});
    close(1, 10, 0);
    expect_only({1}, kAllOfIt);
}

// Once it has been found guilty, the others' good closes do not clear it.
TEST_F(JudgeTest, ANetworkOnTrialAnswersForItselfAmongGoodOnes) {
    close(1, 30, 0);
    for (const unsigned honest : {2U, 3U, 4U}) close(honest, 0, 100);
    expect_only({});
    expect_only({1}, {network(1)});
}

TEST_F(JudgeTest, NoStuckCloseIsNoGuiltWhateverTheShare) {
    rule.stuck_percent = 1;
    close(1, 0, 60);
    EXPECT_TRUE(sentences().empty());
}

TEST_F(JudgeTest, TwoNetworksAreNotEnoughForAll) {
    close(1, 25, 0);
    close(2, 25, 0);
    expect_only({1, 2});
    close(3, 25, 0);
    expect_all_of_the_client();
}

TEST_F(JudgeTest, WhoOnlyEndsConnectionsIsNoEvidence) {
    close(1, 25, 0);
    close(2, 25, 0);
    close(3, 0, 25);
    close(4, 0, 25);
    expect_only({1, 2});
}

TEST_F(JudgeTest, OneNetworkWithOverHalfOfTheClosesAnswersForItselfOnly) {
    close(1, 51, 0);
    close(2, 25, 0);
    close(3, 25, 0);
    expect_only({1, 2, 3});
    close(3, 1, 0);
    expect_all_of_the_client();
}

// Half of the closes exactly, all of them stuck, among honest clients everywhere.
TEST_F(JudgeTest, OneNetworkWithOverHalfOfTheStuckClosesAnswersForItselfOnly) {
    close(1, 50, 0);
    for (unsigned honest = 2; honest < 8; ++honest) close(honest, 1, 7);
    close(8, 0, 2);
    ASSERT_EQ(100U, evidence.all().closes);
    ASSERT_EQ(56U, evidence.all().stuck);
    expect_only({1});
}

TEST_F(JudgeTest, AFewClosesOfANetworkAreNoVerdictOnIt) {
    close(1, 46, 0);
    close(2, 4, 0);
    expect_only({1});
    close(2, 1, 0);
    expect_only({1, 2});
}

TEST_F(JudgeTest, ManySmallNetworksAreSpread) {
    for (unsigned from = 0; from < 500; ++from) close(from, 1, 0);
    expect_all_of_the_client();
}

// However few of their closes are stuck.
TEST_F(JudgeTest, ManySmallNetworksAreSpreadAlsoByALowShare) {
    rule.stuck_percent = 10;
    for (unsigned from = 0; from < 500; ++from) close(from, from % 10 == 0, from % 10 != 0);
    expect_all_of_the_client();
}

// Among so many clients its closes are few, and still most of the stuck ones.
TEST_F(JudgeTest, OneNetworkWithMostOfFewStuckClosesIsFound) {
    rule.stuck_percent = 5;
    for (unsigned from = 100; from < 500; ++from) close(from, from % 100 == 0, 2);
    close(1, 60, 0);
    for (unsigned from = 100; from < 300; ++from) close(from, 0, 1);
    expect_only({1});
}

// It comes late, when eight others are kept, and has most of the stuck closes.
TEST_F(JudgeTest, AHeavyNetworkIsFoundAmongMany) {
    for (unsigned from = 100; from < 300; ++from) close(from, 0, 1);
    close(1, 300, 0);
    for (unsigned from = 100; from < 200; ++from) close(from, 1, 0);
    expect_only({1});
}

TEST_F(JudgeTest, KeepAliveThatBoughtNothingIsTaken) {
    for (const unsigned from : {1U, 2U, 3U}) close(from, 20, 0, 1);
    EXPECT_EQ(Remedy::nokeepalive, sentences().at(0).remedy);
    for (const unsigned from : {1U, 2U, 3U}) close(from, 20, 0, 3);
    EXPECT_EQ(Remedy::cut_short, sentences().at(0).remedy) << "2.0 is not below 2";
    rule.requests = 3;
    EXPECT_EQ(Remedy::nokeepalive, sentences().at(0).remedy);
    rule.requests = 0;
    EXPECT_EQ(Remedy::cut_short, sentences().at(0).remedy) << "never";
}

TEST_F(JudgeTest, WhatNoKeepAliveDoesNotPreventIsCutShort) {
    for (const unsigned from : {1U, 2U, 3U}) {
        close(from, 20, 0);
        for (int i = 0; i < 20; ++i) evidence.add(network(from), {1, 1, 0, 1}, 0s);
    }
    EXPECT_EQ(Remedy::nokeepalive, sentences().at(0).remedy) << "it prevents half of it";
    evidence.add(network(1), {1, 1, 0, 1}, 0s);
    EXPECT_EQ(Remedy::cut_short, sentences().at(0).remedy);
}

TEST(Evidence, IsWhatTheClientItselfDid) {
    const auto said = [](Drain drain, Outcome outcome, TcpState state) -> std::optional<bool> {
        Close close;
        close.requests = 1;
        close.drain = drain;
        close.outcome = outcome;
        close.state = state;
        const auto seen = evidence_of(close);
        return seen ? std::optional(seen->stuck == 1) : std::nullopt;
    };
    const auto two = TcpState::fin_wait_2;
    EXPECT_EQ(true, said(Drain::deadline, Outcome::timeout, two));
    EXPECT_EQ(true, said(Drain::idle_timeout, Outcome::late_fin, two));
    EXPECT_EQ(false, said(Drain::fin, Outcome::fin, TcpState::closed));
    EXPECT_EQ(false, said(Drain::reset, Outcome::reset, TcpState::closed));
    EXPECT_EQ(false, said(Drain::none, Outcome::client_first, TcpState::closed));
    EXPECT_EQ(std::nullopt, said(Drain::deadline, Outcome::unacked, TcpState::fin_wait_1));
    EXPECT_EQ(std::nullopt, said(Drain::shed, Outcome::cut, two));
    EXPECT_EQ(std::nullopt, said(Drain::stopping, Outcome::unknown, two));
    EXPECT_EQ(std::nullopt, said(Drain::byte_limit, Outcome::cut, two));
    EXPECT_EQ(std::nullopt, said(Drain::none, Outcome::method, two));
    EXPECT_EQ(std::nullopt, said(Drain::none, Outcome::cut, TcpState::closed));
}

TEST(Evidence, IsNoCloseUnderARemedyOrWithoutARequest) {
    Close close;
    close.state = TcpState::fin_wait_2;
    close.drain = Drain::deadline;
    EXPECT_EQ(std::nullopt, evidence_of(close));
    close.requests = 1;
    EXPECT_EQ((SeenCloses{1, 1, 0, 1}), evidence_of(close));
    close.cause = Cause::keepalive_timeout;
    close.http = HttpVersion::http_1_1;
    EXPECT_EQ((SeenCloses{1, 1, 1, 1}), evidence_of(close));
    close.remedy = Remedy::cut_short;
    EXPECT_EQ(std::nullopt, evidence_of(close));
}

}  // namespace
}  // namespace finwait
