// SPDX-License-Identifier: Apache-2.0
//
// The real kernel's answers about real sockets, and what following makes of them.
#include "closer/follow/kernel_diag.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "closer/drain/tcp_socket.hpp"
#include "unit/closer/drain/tcp_pair.hpp"
#include "unit/closer/follow/follower_fixture.hpp"
#include "unit/closer/open_descriptors.hpp"

namespace finwait {
namespace {

using namespace test;

// The server's end in FIN_WAIT_2, then closed: from now on only the kernel has it.
struct Orphan {
    explicit Orphan(TcpPair pair, int linger2 = 30) : client(std::move(pair.client)) {
        EXPECT_EQ(
            0, ::setsockopt(pair.server.get(), IPPROTO_TCP, TCP_LINGER2, &linger2, sizeof linger2));
        while (unacked_bytes(pair.server.get()) != 0) continue;
        id = socket_id(pair.server.get());
        facts = end_facts(pair.server.get());
    }
    UniqueFd client;
    SocketId id;
    EndFacts facts;
};

Orphan orphan(Loopback& loopback, int linger2 = 30) {
    return Orphan(loopback.half_closed(), linger2);
}

TcpPair connect_to_any(int family, const char* text) {
    const UniqueFd listener(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int off = 0;
    ::setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    socklen_t size = sizeof any;
    EXPECT_EQ(0, ::bind(listener.get(), reinterpret_cast<sockaddr*>(&any), sizeof any));
    EXPECT_EQ(0, ::listen(listener.get(), 1));
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&any), &size);
    TcpPair pair;
    pair.client.reset(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to4{};
    to4.sin_family = AF_INET;
    to4.sin_port = any.sin6_port;
    sockaddr_in6 to6 = any;
    const bool is_v4 = family == AF_INET;
    EXPECT_EQ(
        1, ::inet_pton(family, text, is_v4 ? static_cast<void*>(&to4.sin_addr) : &to6.sin6_addr));
    EXPECT_EQ(
        0, ::connect(pair.client.get(),
                     is_v4 ? reinterpret_cast<sockaddr*>(&to4) : reinterpret_cast<sockaddr*>(&to6),
                     is_v4 ? sizeof to4 : sizeof to6));
    pair.server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    pair.half_close();
    pair.acknowledge_now();
    return pair;
}

class TheKernel : public testing::Test {
  protected:
    void SetUp() override { ASSERT_EQ(0, diag.open()); }

    std::vector<DiagSocket> sweep(const std::vector<std::uint16_t>& ports) {
        std::vector<DiagSocket> seen;
        EXPECT_EQ(0, diag.begin_sweep(ports));
        for (;;) {
            const SweepStep step = diag.read_sweep(seen);
            if (step == SweepStep::more) continue;
            EXPECT_EQ(SweepStep::complete, step) << std::strerror(diag.last_error());
            return seen;
        }
    }
    static bool shows(const std::vector<DiagSocket>& seen, std::uint64_t cookie) {
        return std::ranges::any_of(seen, [&](const auto& s) { return s.id.cookie == cookie; });
    }
    void expect_found(const SocketId& id) {
        DiagSocket found;
        ASSERT_EQ(0, diag.look_up(id, found));
        EXPECT_EQ(id.cookie, found.id.cookie);
        EXPECT_EQ(id.local, found.id.local);
        EXPECT_EQ(id.peer, found.id.peer);
        EXPECT_EQ(TcpState::fin_wait_2, found.state);
        EXPECT_EQ(KernelTimer::time_wait, found.timer);
        EXPECT_LE(found.timer_left, 30s);
        EXPECT_GE(found.timer_left, 29s);
        EXPECT_FALSE(found.has_owner);
    }

    KernelDiag diag;
    Loopback loopback;
};

TEST_F(TheKernel, StillKnowsASocketThatNobodyHas) {
    const Orphan gone = orphan(loopback);
    expect_found(gone.id);
    const auto seen = sweep({gone.id.local.port});
    ASSERT_EQ(1U, seen.size());
    EXPECT_EQ(gone.id.cookie, seen[0].id.cookie);
    EXPECT_EQ(gone.id.peer, seen[0].id.peer);
    EXPECT_EQ(gone.id.local, seen[0].id.local);
    EXPECT_EQ(TcpState::fin_wait_2, seen[0].state);
}

TEST_F(TheKernel, SaysWhoseSocketHasAnOwner) {
    TcpPair pair = loopback.half_closed();
    DiagSocket found;
    ASSERT_EQ(0, diag.look_up(socket_id(pair.server.get()), found));
    EXPECT_TRUE(found.has_owner);
}

TEST_F(TheKernel, ShowsOnlyThePortsItIsAskedFor) {
    Loopback elsewhere;
    const Orphan here = orphan(loopback);
    const Orphan there = orphan(elsewhere);
    for (const std::size_t more : {0U, 1U, 14U, 15U}) {
        std::vector<std::uint16_t> ports{here.id.local.port};
        for (std::size_t i = 0; i < more; ++i)
            ports.insert(ports.begin() + static_cast<std::ptrdiff_t>(i % 2),
                         static_cast<std::uint16_t>(i + 1));
        const auto seen = sweep(ports);
        EXPECT_TRUE(shows(seen, here.id.cookie)) << more;
        EXPECT_FALSE(shows(seen, there.id.cookie)) << more;
        ports.back() = there.id.local.port;
        EXPECT_TRUE(shows(sweep(ports), there.id.cookie)) << more;
    }
}

TEST_F(TheKernel, ShowsAllIfThePortsAreTooManyOrNone) {
    const Orphan gone = orphan(loopback);
    EXPECT_TRUE(shows(sweep({}), gone.id.cookie));
    EXPECT_TRUE(shows(sweep(std::vector<std::uint16_t>(kFilteredPortsMax + 1, 9)), gone.id.cookie));
}

TEST_F(TheKernel, ShowsIPv4OnAnIPv6SocketAsIPv4) {
    const Orphan mapped(connect_to_any(AF_INET, "127.0.0.1"));
    EXPECT_EQ(Endpoint::Family::ipv4, mapped.id.peer.family);
    expect_found(mapped.id);
    const auto seen = sweep({mapped.id.local.port});
    ASSERT_EQ(1U, seen.size());
    EXPECT_EQ(mapped.id.peer, seen[0].id.peer);
}

TEST_F(TheKernel, ShowsIPv6) {
    const Orphan v6(connect_to_any(AF_INET6, "::1"));
    EXPECT_EQ(Endpoint::Family::ipv6, v6.id.peer.family);
    expect_found(v6.id);
    EXPECT_EQ(1U, sweep({v6.id.local.port}).size());
}

TEST_F(TheKernel, ShowsALateFinAsTimeWaitAndInNoSweep) {
    Orphan gone = orphan(loopback);
    gone.client.reset();
    DiagSocket found;
    ASSERT_EQ(0, diag.look_up(gone.id, found));
    EXPECT_EQ(gone.id.cookie, found.id.cookie);
    EXPECT_EQ(TcpState::time_wait, found.state);
    EXPECT_GE(found.timer_left, 59s);
    EXPECT_LE(found.timer_left, 60s);
    EXPECT_TRUE(sweep({gone.id.local.port}).empty());
}

TEST_F(TheKernel, HasNobodyOrTheListenerWhereASocketWasReset) {
    Orphan gone = orphan(loopback);
    reset(gone.client);
    DiagSocket found;
    const int error = diag.look_up(gone.id, found);
    EXPECT_TRUE(error == ENOENT || (error == 0 && found.state == TcpState::listen)) << error;
}

TEST_F(TheKernel, AnswersALookUpInTheMiddleOfASweep) {
    const Orphan gone = orphan(loopback);
    std::vector<DiagSocket> seen;
    ASSERT_EQ(0, diag.begin_sweep({}));
    expect_found(gone.id);
    SweepStep step = SweepStep::more;
    while (step == SweepStep::more) {
        step = diag.read_sweep(seen);
        expect_found(gone.id);
    }
    EXPECT_EQ(SweepStep::complete, step);
    EXPECT_TRUE(shows(seen, gone.id.cookie));
}

TEST_F(TheKernel, LeavesNoDescriptorAfterASweep) {
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 3; ++i) static_cast<void>(sweep({}));
    EXPECT_EQ(0, diag.begin_sweep({}));
    EXPECT_EQ(0, diag.begin_sweep({})) << "in the middle of another";
    static_cast<void>(sweep({}));
    EXPECT_EQ(before, open_descriptors());
}

// Following with the real kernel and the real clock.
class RealFollowing : public FollowerTest {
  protected:
    void SetUp() override {
        FollowerTest::SetUp();
        real.configure({1000, 100ms, {}}, moment_now());
        ASSERT_TRUE(real.is_working()) << real.why_not();
    }
    void follow(const Orphan& gone) {
        const Moment start = moment_now();
        CloseEnd end;
        end.drain = Drain::idle_timeout;
        end.outcome = Outcome::unknown;
        end.half_close = start.monotonic;
        end.facts = gone.facts;
        const Handoff handoff = sample_handoff();
        records.expect(handoff);
        ++closes;
        real.follow(handoff, end, gone.id, start);
    }
    Record record_of_the_end() {
        const auto deadline = std::chrono::steady_clock::now() + 5s;
        while (real.followed() > 0 && std::chrono::steady_clock::now() < deadline)
            real.turn(moment_now());
        return only_record();
    }

    Counter real_gauge{};
    Follower real{std::make_unique<KernelDiag>(),     counters, real_gauge, records, notices,
                  [](std::uint64_t) { return false; }};
    Loopback loopback;
};

TEST_F(RealFollowing, ASilentClientEndsByKernelTimeout) {
    const Orphan gone = orphan(loopback, 1);
    follow(gone);
    const Record record = record_of_the_end();
    EXPECT_EQ(Outcome::kernel_timeout, record.outcome) << name_of(record.outcome);
    EXPECT_GE(record.fin_wait_2_ms, 980U);
    EXPECT_LE(record.fin_wait_2_ms, 1150U);
}

TEST_F(RealFollowing, ALateFinIsSeenWithItsTime) {
    Orphan gone = orphan(loopback);
    follow(gone);
    const Time until = moment_now().monotonic + 250ms;
    while (moment_now().monotonic < until) real.turn(moment_now());
    EXPECT_EQ(1U, real.followed());
    gone.client.reset();
    const Record record = record_of_the_end();
    EXPECT_EQ(Outcome::late_fin, record.outcome) << name_of(record.outcome);
    EXPECT_GE(record.fin_wait_2_ms, 230U);
    EXPECT_LE(record.fin_wait_2_ms, 300U);
}

TEST_F(RealFollowing, AResetIsSeen) {
    Orphan gone = orphan(loopback);
    follow(gone);
    reset(gone.client);
    EXPECT_EQ(Outcome::reset, record_of_the_end().outcome);
}

TEST_F(RealFollowing, ManyAreSweptAndEachEndsAsItDid) {
    std::vector<Orphan> all;
    for (int i = 0; i < 200; ++i) {
        all.push_back(orphan(loopback));
        follow(all.back());
    }
    for (int i = 0; i < 200; ++i) {
        if (i % 2 == 0)
            all[static_cast<std::size_t>(i)].client.reset();
        else
            reset(all[static_cast<std::size_t>(i)].client);
    }
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (real.followed() > 0 && std::chrono::steady_clock::now() < deadline)
        real.turn(moment_now());
    EXPECT_GE(real.stats().sweeps, 1U);
    std::size_t late = 0;
    std::size_t resets = 0;
    for (const Record& record : kept()) {
        late += record.outcome == Outcome::late_fin;
        resets += record.outcome == Outcome::reset;
    }
    EXPECT_EQ(100U, late);
    EXPECT_EQ(100U, resets);
}

}  // namespace
}  // namespace finwait
