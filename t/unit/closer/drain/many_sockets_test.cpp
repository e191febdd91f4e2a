// SPDX-License-Identifier: Apache-2.0
//
// What holds with as many sockets as a busy server leaves behind: memory and exact timers.
#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "closer/drain/drain_state.hpp"
#include "module/status/ask.hpp"
#include "unit/closer/closer_process.hpp"

namespace finwait {
namespace {

using namespace test;

constexpr std::size_t kManySockets = kSanitized ? 2'000 : 10'000;

class ManySockets : public CloserProcess {
  protected:
    void hold(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            TcpPair pair = loopback.half_closed();
            hand_over(pair);
            clients.push_back(std::move(pair.client));
        }
    }
    void expect_quick_answers() {
        const std::array lanes{child.get()};
        for (const StatusFormat format :
             {StatusFormat::html, StatusFormat::json, StatusFormat::metrics}) {
            const auto time_of_answer_us = [&] {
                const auto begin = Clock::now();
                const UniqueFd page(ask(lanes, {format, {}, {}}, kPatience).descriptor);
                const auto took = Clock::now() - begin;
                EXPECT_GT(size_of_answer(page.get()), 0U);
                return std::chrono::duration_cast<std::chrono::microseconds>(took).count();
            };
            // A busy machine may delay some answers, what is held would delay each of them.
            EXPECT_EVENTUALLY(time_of_answer_us(), testing::Le(kSanitized ? 500'000 : 50'000));
        }
    }
    std::uint64_t private_bytes() const {
        return std::stoull(status_field("RssAnon").at(0)) * 1024;
    }

    std::vector<UniqueFd> clients;
};

TEST_F(ManySockets, EachTakesAtMostHalfAKilobyteOfUserMemory) {
    if (kSanitized) GTEST_SKIP() << "a sanitizer's memory is not ours";
    start();
    policy.drain_timeout_ms = policy.drain_idle_timeout_ms = 60'000;
    const std::string user_agent(110, 'u');
    Handoff handoff = sample_handoff();
    handoff.user_agent = user_agent;
    handoff.policy = policy;
    const std::uint64_t before = private_bytes();
    for (std::size_t i = 0; i < kManySockets; ++i) {
        TcpPair pair = loopback.half_closed();
        handoff.half_close = moment_now().monotonic;
        ASSERT_EQ(0, send_message(child, encoded(handoff), {pair.server.get()}));
        clients.push_back(std::move(pair.client));
    }
    wait_until_held(kManySockets);
    const std::uint64_t each = (private_bytes() - before) / kManySockets;
    RecordProperty("bytes_per_socket", static_cast<int>(each));
    EXPECT_LE(each, 512U);
    EXPECT_GE(each, 100U) << "they are really held";
}

TEST_F(ManySockets, DoNotDelayTheStatusPage) {
    start();
    policy.drain_timeout_ms = policy.drain_idle_timeout_ms = 60'000;
    hold(kManySockets);
    wait_until_held(kManySockets);
    expect_quick_answers();
}

TEST_F(ManySockets, TimersAreExactWhileOneClientFloods) {
    start();
    policy.drain_timeout_ms = policy.drain_idle_timeout_ms = 60'000;
    TcpPair flooding = loopback.half_closed();
    hand_over(flooding, 1'000'000);
    const UniqueFd flooder = std::move(flooding.client);
    std::thread flood([&] {
        const std::string bytes(256 * 1024, 'x');
        while (::send(flooder.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) continue;
    });

    constexpr std::uint32_t kLimitMs = kSanitized ? 3000 : 2000;
    policy.drain_idle_timeout_ms = kLimitMs;
    hold(kManySockets / 2);
    policy.drain_idle_timeout_ms = 60'000;
    policy.drain_timeout_ms = kLimitMs;
    hold(kManySockets / 2);
    wait_until_held(1);
    const std::uint64_t late_ms_max = (kSanitized ? 500 : 50) + waited_for_a_core_ms();
    tell(ControlKind::finish, 0);
    EXPECT_EQ(0, wait_status());
    flood.join();

    std::map<Drain, std::vector<std::uint64_t>> late_ms;
    std::uint64_t flooded = 0;
    for (const Record& record : records(kManySockets + 1)) {
        if (record.requests != 0) {
            flooded = record.drained_bytes;
            continue;
        }
        ASSERT_GE(record.drain_ms, kLimitMs);
        late_ms[record.drain].push_back(record.drain_ms - kLimitMs);
    }
    EXPECT_GT(flooded, std::uint64_t{100} << 20);
    for (const Drain drain : {Drain::idle_timeout, Drain::deadline}) {
        std::vector<std::uint64_t>& late = late_ms[drain];
        ASSERT_EQ(kManySockets / 2, late.size()) << name_of(drain);
        std::sort(late.begin(), late.end());
        const std::uint64_t p99 = late[late.size() * 99 / 100];
        RecordProperty("late_ms_p99_" + std::string(name_of(drain)), static_cast<int>(p99));
        EXPECT_LE(p99, late_ms_max) << name_of(drain);
    }
}

class ManyWaiting : public ManySockets {
  protected:
    static constexpr std::size_t kWaiting = kSanitized ? 1'000 : 8'000;

    // Clients that never close, their drains over.
    void SetUp() override {
        ManySockets::SetUp();
        start();
        policy.wait_timeout_ms = 60'000;
        policy.drain_idle_timeout_ms = 300;
        hold(kWaiting);
        ASSERT_EVENTUALLY(read(counters->waiting[2]), kWaiting);
    }
    Time cpu_time() const {
        clockid_t clock{};
        EXPECT_EQ(0, ::clock_getcpuclockid(pid, &clock));
        return read_clock(clock);
    }
};

// Whatever else the machine does can only add to what this costs: so the cheaper of two times
// counts.
TEST_F(ManyWaiting, CostAtMostTwoPercentOfACore) {
    // Each is asked whether it is there when a second has passed.
    const Time asked = moment_now().monotonic + 2 * kProbeAfter;
    EXPECT_EVENTUALLY(moment_now().monotonic, testing::Ge(asked));
    const auto share_of_core = [&] {
        const Time begin = moment_now().monotonic;
        const Time used = cpu_time();
        std::this_thread::sleep_for(3s);
        return std::chrono::duration<double>(cpu_time() - used) /
               std::chrono::duration<double>(moment_now().monotonic - begin);
    };
    const double share = std::min(share_of_core(), share_of_core());
    RecordProperty("percent_of_a_core", std::to_string(100 * share));
    EXPECT_EQ(kWaiting, read(counters->waiting[2]));
    EXPECT_LE(share, kSanitized ? 1.0 : 0.02);
}

}  // namespace
}  // namespace finwait
