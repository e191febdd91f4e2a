// SPDX-License-Identifier: Apache-2.0
//
// A million clients, each with a User-Agent of its own, and one that really keeps sockets: the
// closer's memory stays within its bound, and the page still names the one.
#include <random>
#include <string>

#include "closer/log/log_writer.hpp"
#include "module/status/collect.hpp"
#include "unit/closer/closer_process.hpp"

namespace finwait {
namespace {

using namespace test;

constexpr std::size_t kClients = kSanitized ? 50'000 : 1'000'000;
constexpr std::size_t kKept = 20;
// docs/internals.md, Ledger: what an account takes beside the books, the tallies of one log; and
// its lines.
constexpr std::uint64_t kMemoryMax = 200'000 + 600'000 + kLogBufferMax;

class Flood : public CloserProcess {
  protected:
    void keep_sockets() {
        policy.drain_timeout_ms = policy.drain_idle_timeout_ms = 600'000;
        for (std::size_t i = 0; i < kKept; ++i) {
            TcpPair pair = loopback.half_closed();
            hand_over(pair);
            clients.push_back(std::move(pair.client));
        }
        wait_until_held(kKept);
    }
    void tell_stuck_log() {
        Control open;
        open.kind = ControlKind::log_open;
        open.log_mode = LogMode::stuck;
        open.text = "test";
        ASSERT_EQ(0, send_message(parent, encoded(open), {log.get()}));
    }
    // As a client that was gone before httpd closed: the cheapest way to be counted.
    void come_and_go(std::mt19937_64& random) {
        std::string user_agent(300, ' ');
        for (char& c : user_agent) c = static_cast<char>('!' + random() % 90);
        Handoff report = sample_ended(Outcome::client_first);
        report.close.user_agent = user_agent;
        ASSERT_EQ(0, send_message(child, encoded(report)));
    }
    std::uint64_t private_bytes() const {
        return std::stoull(status_field("RssAnon").at(0)) * 1024;
    }
    StatusView view() {
        StatusSources sources{&*books, {}, *counters, *module};
        sources.slot = 2;
        sources.monotonic = moment_now().monotonic;
        return collect(sources);
    }

    std::unique_ptr<ModuleCounters> module = std::make_unique<ModuleCounters>();
    std::vector<UniqueFd> clients;
};

TEST_F(Flood, OfUserAgentsHidesNoCulpritAndTakesNoMemory) {
    start();
    tell_stuck_log();
    keep_sockets();
    std::mt19937_64 random(11);
    come_and_go(random);
    wait_until_received(kKept + 1);
    const std::uint64_t before = private_bytes();
    for (std::size_t i = 1; i < kClients && !HasFailure(); ++i) come_and_go(random);
    wait_until_received(kKept + kClients);
    const StatusView seen = view();
    EXPECT_EQ("python-requests/2.28.1", seen.accounts.at(0).user_agent);
    EXPECT_EQ(kKept, seen.accounts[0].now.fin_wait_2);
    EXPECT_EQ(kClients, seen.finished.closes);
    EXPECT_EVENTUALLY(read(counters->unwritten[2]) + read(counters->tallied), kClients);
    const std::uint64_t grown = private_bytes() - before;
    RecordProperty("bytes", static_cast<int>(grown));
    EXPECT_LE(grown, kSanitized ? 100 * kMemoryMax : kMemoryMax);
}

}  // namespace
}  // namespace finwait
