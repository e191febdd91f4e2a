// SPDX-License-Identifier: Apache-2.0
//
// Remedies in this process, with closes of any client and a clock that only moves when a test says
// so.
#pragma once

#include <gtest/gtest.h>

#include "closer/remedy/remedies.hpp"
#include "unit/closer/channel/channel_sender.hpp"

namespace finwait::test {

using namespace std::chrono_literals;

constexpr AutoRule kRule{50, 20, 2, 600};

struct RemediesTest : testing::Test {
    ControlChannel control{UniqueFd()};
    std::unique_ptr<CloserCounters> counters = std::make_unique<CloserCounters>();
    Part<BookedNotices> told_;
    Notices notices{control, &told_};
    std::unique_ptr<RemedyTable> table = std::make_unique<RemedyTable>();
    BooksMemory books{UniqueFd(), 0};
    Remedies remedies{*table, 0, *counters, notices, books};
    Remedies* judge = &remedies;
    Moment now{1000s, 1'700'000'000s};

    // One close of `user_agent`, from 10.0.`from`.1.
    void close(std::string_view user_agent, std::uint8_t from, bool is_stuck,
               std::optional<AutoRule> rule = kRule, AccountId account = 1) {
        Close close = sample_handoff().close;
        close.user_agent = user_agent;
        close.peer.address = {10, 0, from, 1};
        close.auto_rule = rule;
        close.requests = 1;
        close.cause = Cause::keepalive_timeout;
        close.http = HttpVersion::http_1_1;
        close.remedy = applied(user_agent, from);
        close.state = is_stuck ? TcpState::fin_wait_2 : TcpState::closed;
        close.drain = is_stuck ? Drain::deadline : Drain::fin;
        judge->book(account, close, now);
    }
    // `min` closes in turn from four networks, the last of them late enough to be judged.
    void window(std::string_view user_agent, bool is_stuck) {
        for (std::uint32_t i = 1; i < kRule.closes_min; ++i)
            close(user_agent, static_cast<std::uint8_t>(i % 4), is_stuck);
        pass(kJudgeAfter);
        close(user_agent, 0, is_stuck);
    }
    void pass(Time time) {
        now.monotonic += time;
        now.realtime += time;
        judge->turn(now);
    }
    // As the page shows them.
    [[nodiscard]] std::vector<BookedRemedy> given() {
        std::vector<BookedRemedy> all;
        for (const auto& booked : books.own().used_remedies())
            if (booked.own().is_used != 0) all.push_back(booked.own());
        return all;
    }
    // As a child asks.
    [[nodiscard]] Remedy applied(std::string_view user_agent, std::uint8_t from = 0) const {
        const auto now_s = static_cast<std::uint64_t>(
            std::chrono::floor<std::chrono::seconds>(now.realtime).count());
        const std::uint64_t client = table->key_of("www.example.org", user_agent);
        const Remedy remedy = table->find(client, now_s);
        const Network network = network_of({Endpoint::Family::ipv4, 1, {10, 0, from, 1}});
        return remedy != Remedy::none ? remedy : table->find(table->key_of(client, network), now_s);
    }
    [[nodiscard]] std::string told() const {
        const BookedNotices& told = told_.own();
        if (told.told == 0) return {};
        return std::string(told.ring[(told.told - 1) % kNoticesKept].text.text());
    }
};

}  // namespace finwait::test
