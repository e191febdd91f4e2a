// SPDX-License-Identifier: Apache-2.0
#include "unit/closer/closer_process.hpp"

#include <algorithm>
#include <map>

#include "closer/closer.hpp"
#include "finwait/version.hpp"
#include "unit/closer/open_descriptors.hpp"

namespace finwait {
namespace {

using namespace test;

TEST_F(CloserProcess, WritesARecordOfEveryClose) {
    start();
    policy.wait_timeout_ms = 300;
    TcpPair closes = loopback.half_closed();
    TcpPair resets = loopback.half_closed();
    TcpPair silent = loopback.half_closed();
    hand_over(closes, 1);
    hand_over(resets, 2);
    policy.drain_idle_timeout_ms = 200;
    hand_over(silent, 3);
    closes.client.reset();
    reset(resets.client);
    Handoff report = sample_ended(Outcome::client_first);
    report.close.requests = 4;
    ASSERT_EQ(0, send_message(child, encoded(report)));
    std::map<std::uint32_t, Record> by_number;
    for (const Record& record : records(4)) by_number[record.requests] = record;
    EXPECT_EQ(Outcome::fin, by_number[1].outcome);
    EXPECT_EQ(Outcome::reset, by_number[2].outcome);
    EXPECT_EQ(Drain::idle_timeout, by_number[3].drain);
    EXPECT_EQ(TcpState::fin_wait_2, by_number[3].state);
    EXPECT_GE(by_number[3].drain_ms(), 200U);
    EXPECT_LT(by_number[3].drain_ms(), 30'000U);
    EXPECT_EQ(Outcome::timeout, by_number[3].outcome);
    EXPECT_GE(by_number[3].fin_wait_2_ms(), 500U);
    EXPECT_EQ(Outcome::client_first, by_number[4].outcome);
    EXPECT_EVENTUALLY(read(counters->records), 4U);
    EXPECT_EVENTUALLY(read(counters->held[2]), 0U);
}

TEST_F(CloserProcess, ItsNameAndItsDescriptorsAreItsOwn) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root sees them: it is not dumpable";
    start();
    EXPECT_EQ("finwait-closer\n", proc("comm"));
    // stdin, stdout, stderr, channel, control, the ledger's memory, epoll, SIGTERM, statm, one log,
    // and what tells that its thread has written it.
    EXPECT_EVENTUALLY(open_descriptors(std::to_string(pid)), 11U);
    EXPECT_EQ(pid, ::getsid(pid));
}

TEST_F(CloserProcess, GivesUpRoot) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    start();
    const std::string uid = std::to_string(::getpwnam("nobody")->pw_uid);
    const std::string gid = std::to_string(::getpwnam("nobody")->pw_gid);
    EXPECT_EQ(std::vector<std::string>(4, uid), status_field("Uid"));
    EXPECT_EQ(std::vector<std::string>(4, gid), status_field("Gid"));
    EXPECT_EQ(std::vector<std::string>(), status_field("Groups"));
    EXPECT_EQ(uid, std::to_string(ready.confinement.uid));
    EXPECT_TRUE(ready.confinement.has(Restriction::no_groups));
}

TEST_F(CloserProcess, RaisesItsDescriptorLimitAndTellsWhatIsLeftForSockets) {
    start(1'000'000'000);
    rlimit own{};
    ::getrlimit(RLIMIT_NOFILE, &own);
    EXPECT_GE(ready.descriptor_limit, own.rlim_max);
    const std::size_t reserve = descriptor_reserve(ready.descriptor_limit);
    EXPECT_LE(ready.max_held + reserve, ready.descriptor_limit);
    EXPECT_GE(ready.max_held + reserve + 10, ready.descriptor_limit);
}

TEST_F(CloserProcess, AFailingStartIsToldInOneSentence) {
    const std::string own = protocol();
    std::vector<std::vector<std::string>> bad{
        {"finwait-closer", "--protocol", own},
        {"finwait-closer", "--slot", "1"},
        {"finwait-closer", "--protocol", "0123456789abcdef", "--slot", "1"},
        {"finwait-closer", "--protocol", own, "--slot", "9"}};
    if (::geteuid() == 0) bad.push_back({"finwait-closer", "--protocol", own, "--slot", "1"});
    for (const auto& words : bad) {
        int ends[2];
        ASSERT_EQ(0, ::pipe2(ends, O_CLOEXEC));
        const UniqueFd reader(ends[0]);
        errors.reset(ends[1]);
        spawn(words);
        errors.reset();
        EXPECT_EQ(kStartUpFailed, wait_status());
        std::string text(1000, '\0');
        text.resize(static_cast<std::size_t>(::read(reader.get(), text.data(), text.size())));
        EXPECT_EQ(0U, text.find("finwait-closer: ")) << text;
        EXPECT_EQ(1, std::count(text.begin(), text.end(), '\n')) << text;
    }
}

TEST_F(CloserProcess, RefusesToStartWithoutItsDescriptors) {
    receiver = UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC));
    errors.reset(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    spawn();
    EXPECT_EQ(kStartUpFailed, wait_status());
}

TEST(CloserByHand, TellsItsVersion) {
    const Finished told = run({executable(), "--version"});
    EXPECT_EQ(0, told.exit_code);
    EXPECT_EQ("finwait-closer " + std::string(kVersion) + "\n", told.output);
}

TEST_F(CloserProcess, IgnoresTheSignalsMeantForHttpd) {
    start();
    for (const int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGINT, SIGPIPE})
        ASSERT_EQ(0, ::kill(pid, number));
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    pair.client.reset();
    EXPECT_EQ(Outcome::fin, records(1).at(0).outcome);
}

TEST_F(CloserProcess, ExitsWhenTheServerIsGone) {
    start();
    parent.reset();
    child.reset();
    EXPECT_EQ(0, wait_status());
}

TEST_F(CloserProcess, DrainsToTheEndWhenTheServerIsGone) {
    start();
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    wait_until_held(1);
    parent.reset();
    child.reset();
    pair.client.reset();
    EXPECT_EQ(0, wait_status());
    EXPECT_EQ(Outcome::fin, records(1).at(0).outcome);
}

TEST_F(CloserProcess, SigtermEndsEveryDrainAndWritesEveryRecord) {
    start();
    std::vector<TcpPair> pairs;
    for (int i = 0; i < 500; ++i) {
        pairs.push_back(loopback.half_closed());
        hand_over(pairs.back());
    }
    ASSERT_EQ(0, ::kill(pid, SIGTERM));
    EXPECT_EQ(0, wait_status());
    for (const Record& record : records(500)) EXPECT_EQ(Drain::stopping, record.drain);
    EXPECT_EQ(0U, read(counters->held[2]));
}

TEST_F(CloserProcess, FinishLeavesTheDrainsTheirGrace) {
    start();
    policy.drain_idle_timeout_ms = 100;
    TcpPair early = loopback.half_closed();
    hand_over(early, 1);
    policy.drain_idle_timeout_ms = 60'000;
    policy.drain_timeout_ms = 60'000;
    TcpPair late = loopback.half_closed();
    hand_over(late, 2);
    tell(ControlKind::finish, 3000);
    EXPECT_EQ(0, wait_status());
    const std::vector<Record> all = records(2);
    EXPECT_EQ(Drain::idle_timeout, all[0].drain);
    EXPECT_EQ(Drain::stopping, all[1].drain);
    EXPECT_GE(all[1].drain_ms(), 3000U);
    EXPECT_LT(all[1].drain_ms(), 30'000U);
}

TEST_F(CloserProcess, NoTotalFallsHoweverOftenItIsKilled) {
    constexpr std::uint64_t kDeaths = kSanitized ? 10 : 100;
    constexpr std::uint64_t kClosesEach = 200;
    Tally last;
    for (std::uint64_t i = 1; i <= kDeaths && !HasFailure(); ++i) {
        start();
        for (std::uint64_t j = 0; j < kClosesEach; ++j)
            ASSERT_EQ(0, send_message(child, encoded(sample_ended(Outcome::client_first))));
        // In the middle of them, if it is not through already.
        ASSERT_EVENTUALLY(read(counters->received), testing::Gt((i - 1) * kClosesEach));
        ::kill(pid, SIGKILL);
        EXPECT_EQ(128 + SIGKILL, wait_status());
        const Tally now = total_in(books->closers[2]).tally;
        EXPECT_GE(now.closes, last.closes);
        EXPECT_GE(now.requests, last.requests);
        EXPECT_LE(closes_in_accounts(books->closers[2]), now.closes);
        last = now;
    }
    start();
    Handoff report = sample_ended(Outcome::client_first);
    report.close.user_agent = "the last";
    ASSERT_EQ(0, send_message(child, encoded(report)));
    ASSERT_EVENTUALLY(accounts_in(books->closers[2]).size(), 2U);
    // What one had received and not booked is lost; what it had booked and not written may be both.
    EXPECT_GE(total_in(books->closers[2]).tally.closes + read(counters->lost),
              read(counters->received));
}

TEST_F(CloserProcess, AKilledClosersSocketsAreLostAndWhatIsQueuedIsServed) {
    start();
    std::vector<TcpPair> pairs;
    for (int i = 0; i < 100; ++i) {
        pairs.push_back(loopback.half_closed());
        hand_over(pairs.back());
    }
    wait_until_held(100);
    ASSERT_EQ(0, ::kill(pid, SIGKILL));
    EXPECT_EQ(128 + SIGKILL, wait_status());
    for (int i = 0; i < 50; ++i) {
        pairs.push_back(loopback.half_closed());
        hand_over(pairs.back());
    }
    start();
    EXPECT_EQ(100U, read(counters->lost));
    Control lost = receive_control();
    while (lost.text.find("it goes on without") == 0) lost = receive_control();
    EXPECT_EQ(ControlKind::notice, lost.kind);
    EXPECT_EQ(NoticeLevel::warning, lost.level);
    EXPECT_NE(std::string::npos, lost.text.find("100 closes")) << lost.text;
    wait_until_received(150);
    for (TcpPair& pair : pairs) pair.client.reset();
    EXPECT_EQ(50U, records(50).size());
    EXPECT_EVENTUALLY(read(counters->records), 50U);
}

}  // namespace
}  // namespace finwait
