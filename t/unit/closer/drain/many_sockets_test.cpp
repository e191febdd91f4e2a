// SPDX-License-Identifier: Apache-2.0
//
// What holds with as many sockets as a busy server leaves behind: memory and exact timers.
#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "module/status/collect.hpp"
#include "module/status/render.hpp"
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
        const auto module = std::make_unique<ModuleCounters>();
        StatusSources sources{&*books, {}, *counters, *module};
        sources.slot = 2;
        for (const auto render : {render_page, render_json, render_metrics}) {
            const auto begin = std::chrono::steady_clock::now();
            sources.monotonic = moment_now().monotonic;
            sources.closing = count_closing_sockets({});
            EXPECT_FALSE(render(collect(sources)).empty());
            EXPECT_LE(std::chrono::steady_clock::now() - begin, kSanitized ? 500ms : 50ms);
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
        EXPECT_LE(p99, kSanitized ? 500U : 50U) << name_of(drain);
    }
}

// Those in TIME_WAIT and in FIN_WAIT_2, of whoever has closed them within the last minute.
std::size_t closed_sockets_kept() {
    std::ifstream sockstat("/proc/net/sockstat");
    std::size_t count = 0;
    for (std::string word; sockstat >> word;)
        if (word == "tw") sockstat >> count;
    return count;
}

class ManyFollowed : public ManySockets {
  protected:
    static constexpr std::size_t kFollowed = kSanitized ? 1'000 : 15'000;

    // Clients that never close, their drains over: the kernel keeps each for a minute.
    void SetUp() override {
        ManySockets::SetUp();
        std::size_t most = 0;
        std::ifstream("/proc/sys/net/ipv4/tcp_max_tw_buckets") >> most;
        if (most < 2 * kFollowed) GTEST_SKIP() << "tcp_max_tw_buckets is " << most;
        wait_until([&] { return closed_sockets_kept() + 2 * kFollowed <= most; },
                   "room in the kernel for closed sockets", 70s);
        max_followed = 100'000;
        start();
        policy.linger2_s = 60;
        policy.drain_idle_timeout_ms = 300;
        hold(kFollowed);
        wait_until([&] { return read(counters->followed[2]) == kFollowed; }, "all are followed");
    }
    Time cpu_time() const {
        clockid_t clock{};
        EXPECT_EQ(0, ::clock_getcpuclockid(pid, &clock));
        return read_clock(clock);
    }
};

// Whatever else the machine does can only add to what this costs: so the cheaper of two times
// counts.
TEST_F(ManyFollowed, CostAtMostTwoPercentOfACore) {
    const auto share_of_core = [&] {
        const Time begin = moment_now().monotonic;
        const Time used = cpu_time();
        wait_until([&] { return moment_now().monotonic >= begin + 3s; }, "three sweeps");
        return std::chrono::duration<double>(cpu_time() - used) /
               std::chrono::duration<double>(moment_now().monotonic - begin);
    };
    const double share = std::min(share_of_core(), share_of_core());
    RecordProperty("percent_of_a_core", std::to_string(100 * share));
    EXPECT_EQ(kFollowed, read(counters->followed[2]));
    EXPECT_LE(share, kSanitized ? 1.0 : 0.02);
}

TEST_F(ManyFollowed, DoNotDelayTheStatusPage) {
    policy.drain_timeout_ms = policy.drain_idle_timeout_ms = 60'000;
    constexpr std::size_t kHeld = 4'000;  // all descriptors that a process has here, at most
    hold(kHeld);
    wait_until_held(kHeld);
    expect_quick_answers();
}

TEST_F(ManyFollowed, LeaveTheDeadlinesOfHeldSocketsExact) {
    constexpr std::uint32_t kLimitMs = 2500;  // at least two sweeps
    constexpr std::size_t kHeld = 1'000;
    policy.drain_timeout_ms = kLimitMs;
    policy.drain_idle_timeout_ms = 60'000;
    for (std::size_t i = 0; i < kHeld; ++i) {
        TcpPair pair = loopback.half_closed();
        hand_over(pair, 7);
        clients.push_back(std::move(pair.client));
    }
    wait_until([&] { return read(counters->followed[2]) == kFollowed + kHeld; },
               "all are followed");
    tell(ControlKind::finish, 0);
    EXPECT_EQ(0, wait_status());
    std::uint64_t latest = 0;
    for (const Record& record : records(kFollowed + kHeld)) {
        EXPECT_EQ(Outcome::unknown, record.outcome);
        if (record.requests != 7) continue;
        ASSERT_GE(record.drain_ms, kLimitMs);
        latest = std::max(latest, record.drain_ms - kLimitMs);
    }
    RecordProperty("late_ms_max", static_cast<int>(latest));
    EXPECT_LE(latest, kSanitized ? 500U : 50U);
}

}  // namespace
}  // namespace finwait
