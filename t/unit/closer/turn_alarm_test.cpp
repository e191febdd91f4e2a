// SPDX-License-Identifier: Apache-2.0
//
// A close() that waits: of a socket that a child that was taken over has kept a copy of.
#include "closer/turn_alarm.hpp"

#include "unit/closer/closer_process.hpp"

namespace finwait {
namespace {

using namespace test;

constexpr int kTenMinutes = 600;

class CloserTurns : public CloserProcess {
  protected:
    void SetUp() override {
        CloserProcess::SetUp();
        policy.drain_idle_timeout_ms = 200;
        policy.wait_timeout_ms = 5'000;
        start();
    }

    // Where the closer waits for its client's FIN, the copy becomes another connection: one whose
    // other end reads nothing, and whose close() lingers. Then the closer's is the last descriptor.
    void make_its_close_wait(UniqueFd copy) {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        ASSERT_EQ(0, ::listen(nobody_reads.get(), 64));
        auto* to = reinterpret_cast<sockaddr*>(&address);
        ASSERT_EQ(0, ::getsockname(nobody_reads.get(), to, &size));
        sockaddr nowhere{};
        ASSERT_EQ(0, ::connect(copy.get(), &nowhere, sizeof nowhere));
        ASSERT_EQ(0, ::connect(copy.get(), to, size));
        const std::string bytes(1 << 20, 'x');
        while (::send(copy.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
            continue;
        const linger for_long{1, kTenMinutes};
        ASSERT_EQ(0, ::setsockopt(copy.get(), SOL_SOCKET, SO_LINGER, &for_long, sizeof for_long));
    }

    UniqueFd nobody_reads{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

TEST_F(CloserTurns, WaitForNoCloseThatLingers) {
    constexpr std::size_t kCopies = 5;
    std::vector<TcpPair> pairs;
    std::vector<UniqueFd> copies;
    for (std::size_t i = 0; i < kCopies; ++i) {
        pairs.push_back(loopback.half_closed());
        copies.emplace_back(::dup(pairs[i].server.get()));
        hand_over(pairs[i], 1);
    }
    ASSERT_EVENTUALLY(read(counters->waiting[2]), kCopies);
    ::kill(pid, SIGSTOP);
    ASSERT_EVENTUALLY(status_field("State").at(0), "T");
    for (UniqueFd& copy : copies) make_its_close_wait(std::move(copy));
    ::kill(pid, SIGCONT);
    ASSERT_EVENTUALLY(read(counters->records), kCopies);
    TcpPair next = loopback.half_closed();
    hand_over(next, 2);
    next.client.reset();
    EXPECT_EQ(2U, records(kCopies + 1).back().requests);
}

}  // namespace
}  // namespace finwait
