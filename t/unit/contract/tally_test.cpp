// SPDX-License-Identifier: Apache-2.0
#include "finwait/tally.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finwait/handoff.hpp"
#include "finwait/record.hpp"

namespace finwait {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

Close a_close(std::chrono::nanoseconds fin_wait_2_time) {
    Close close;
    close.cause = Cause::client_asked;
    close.drain = Drain::fin;
    close.outcome = Outcome::fin;
    close.requests = 3;
    close.drained_bytes = 24;
    close.fin_wait_2_time = fin_wait_2_time;
    return close;
}

TallyLine a_line() {
    TallyLine line;
    line.since = 1'795'340'400'000ms;
    line.until = 1'795'340'460'007ms;
    line.vhost = "www.example.org";
    line.user_agent = "curl/7.88.1";
    line.tally.add(a_close(0s));
    line.tally.add(a_close(30ms));
    line.tally.add(a_close(121s));
    line.addresses = 2;
    return line;
}

std::string text_of(const TallyLine& line) {
    std::string text;
    append_tally(text, line);
    return text;
}

TEST(Histogram, EachTimeStandsUnderItsBound) {
    EXPECT_EQ(0U, fin_wait_2_bucket(1ns));
    EXPECT_EQ(0U, fin_wait_2_bucket(5ms));
    EXPECT_EQ(1U, fin_wait_2_bucket(5ms + 1ns));
    EXPECT_EQ(kFinWait2Buckets - 2, fin_wait_2_bucket(120s));
    EXPECT_EQ(kFinWait2Buckets - 1, fin_wait_2_bucket(120s + 1ns));
    EXPECT_EQ(kFinWait2Buckets - 1, fin_wait_2_bucket(std::chrono::nanoseconds::max()));
}

TEST(Tally, OfAProxyIsReadBackAsWritten) {
    TallyLine line = a_line();
    line.user_agent.clear();
    line.proxy = "192.0.2.7";
    EXPECT_THAT(text_of(line), HasSubstr("\"network.peer.address\":\"192.0.2.7\""));
    EXPECT_EQ(line, parse_tally(text_of(line)));
}

TEST(Tally, OfPartsIsTheTallyOfTheWhole) {
    Tally one, two, all;
    for (int i = 0; i < 100; ++i) {
        Close close = a_close(std::chrono::milliseconds(i * 77));
        close.cause = i % 4 == 0 ? Cause::keepalive_timeout : Cause::error;
        close.state = TcpState::fin_wait_2;
        close.drain = i % 2 == 0 ? Drain::deadline : Drain::fin;
        (i < 30 ? one : two).add(close);
        all.add(close);
    }
    const Tally only_one = one;
    EXPECT_EQ(all, one += two);
    EXPECT_EQ(only_one, one -= two);
    EXPECT_EQ(50U, all.stuck);
    EXPECT_EQ(25U, all.preventable);
}

TEST(Tally, AQuantileIsTheBoundMostStayedUnder) {
    Tally tally;
    EXPECT_EQ(std::nullopt, fin_wait_2_quantile_ms(tally, 0.5));
    tally.add(a_close(0s));
    EXPECT_EQ(std::nullopt, fin_wait_2_quantile_ms(tally, 0.5));
    for (int i = 0; i < 98; ++i) tally.add(a_close(1900ms));
    tally.add(a_close(10h));
    EXPECT_EQ(2000U, fin_wait_2_quantile_ms(tally, 0.0));
    EXPECT_EQ(2000U, fin_wait_2_quantile_ms(tally, 0.5));
    EXPECT_EQ(2000U, fin_wait_2_quantile_ms(tally, 0.98));
    EXPECT_EQ(UINT32_MAX, fin_wait_2_quantile_ms(tally, 1.0));
}

TEST(Tally, StuckIsWhatTheClientDidInFinWait2) {
    Close close;
    for (const auto& drain : kDrains)
        for (const auto& state : kTcpStates)
            for (const auto& probe : kProbes) {
                close.drain = drain.value;
                close.state = state.value;
                close.probe = probe.value;
                EXPECT_EQ((drain.value == Drain::idle_timeout || drain.value == Drain::deadline) &&
                              state.value == TcpState::fin_wait_2 && probe.value != Probe::silent,
                          close.is_stuck());
            }
}

TEST(TallyLine, IsExactlyThis) {
    EXPECT_EQ(text_of(a_line()),
              R"({"@timestamp":"2026-11-22T09:41:00.007Z","event.name":"finwait.tally",)"
              R"("server.address":"www.example.org","user_agent.original":"curl/7.88.1",)"
              R"("finwait.tally.since":"2026-11-22T09:40:00.000Z","finwait.tally.closes":3,)"
              R"("finwait.tally.stuck":0,"finwait.tally.requests":9,)"
              R"("finwait.tally.drained_bytes":72,"finwait.tally.fin_wait_2_ms":121030,)"
              R"("finwait.tally.addresses":2,"finwait.tally.outcome.fin":3,)"
              R"("finwait.tally.cause.client_asked":3,"finwait.tally.drain.fin":3,)"
              R"("finwait.tally.fin_wait_2_bucket.100":1,)"
              R"("finwait.tally.fin_wait_2_bucket.inf":1})"
              "\n");
}

TEST(TallyLine, IsReadBackAsWritten) {
    EXPECT_EQ(parse_tally(text_of(a_line())), a_line());
}

TEST(TallyLine, IsNoRecordAndARecordIsNone) {
    EXPECT_FALSE(parse_record(text_of(a_line())));
    std::string record;
    append_record(record, Record());
    EXPECT_FALSE(parse_tally(record));
    EXPECT_FALSE(parse_tally("{}"));
    EXPECT_FALSE(parse_tally(""));
}

TEST(TallyLine, ThatWasTamperedWithIsRefused) {
    const std::string good = text_of(a_line());
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string bad = good;
        return bad.replace(bad.find(from), from.size(), to);
    };
    EXPECT_FALSE(parse_tally(with("tally.closes\":3", "tally.closes\":-3")));
    EXPECT_FALSE(parse_tally(with("outcome.fin\":3", "outcome.fin\":\"3\"")));
    EXPECT_FALSE(parse_tally(with("finwait.tally.addresses", "x")));
    EXPECT_FALSE(
        parse_tally(with("fin_wait_2_ms\":121030", "fin_wait_2_ms\":18446744073709551615")));
}

TEST(TallyLine, OfTheWorstTextsStaysUnderItsMaximum) {
    TallyLine line = a_line();
    line.vhost = std::string(kVhostMax, '\x01');
    line.user_agent = std::string(kUserAgentMax, '\x01');
    Tally& tally = line.tally;
    tally.closes = tally.stuck = tally.requests = tally.drained_bytes = line.addresses = UINT64_MAX;
    tally.causes.fill(UINT64_MAX);
    tally.drains.fill(UINT64_MAX);
    tally.outcomes.fill(UINT64_MAX);
    tally.fin_wait_2.fill(UINT64_MAX);
    EXPECT_LE(text_of(line).size(), kTallyLineMax);
    EXPECT_EQ(parse_tally(text_of(line)), line);
}

}  // namespace
}  // namespace finwait
