// SPDX-License-Identifier: Apache-2.0
//
// A Follower before a fake kernel, its Records in a log in memory, under a clock that only moves
// when a test says so.
#pragma once

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include <set>
#include <string>
#include <vector>

#include "closer/follow/follower.hpp"
#include "unit/closer/channel/channel_sender.hpp"
#include "unit/closer/follow/fake_diag.hpp"

namespace finwait::test {

using namespace std::chrono_literals;

class FollowerTest : public testing::Test {
  protected:
    static constexpr std::uint16_t kPort = 80;

    void SetUp() override {
        logs.open(0, UniqueFd(::dup(log.get())), "test");
        configure(1000);
    }

    // Every close was kept exactly once, or is still followed.
    void TearDown() override {
        EXPECT_EQ(closes,
                  read(counters.records) + read(counters.unwritten[0]) + follower.followed());
        EXPECT_EQ(follower.followed(), read(gauge));
    }

    void configure(std::uint32_t max_followed) {
        follower.configure({max_followed, 1s, {443, kPort}}, now);
    }

    static DiagSocket kernel_socket(std::uint64_t cookie, TcpState state, KernelTimer timer,
                                    Time left) {
        DiagSocket socket;
        socket.id.local = {Endpoint::Family::ipv4, kPort, {192, 0, 2, 2}};
        socket.id.peer = {Endpoint::Family::ipv4,
                          static_cast<std::uint16_t>(cookie % 60'000),
                          {192, 0, 2, static_cast<std::uint8_t>(cookie / 60'000)}};
        socket.id.cookie = cookie;
        socket.state = state;
        socket.timer = timer;
        socket.timer_left = left;
        return socket;
    }

    // The kernel keeps the socket of a drain that has just ended after 5 s, 4 of them in
    // FIN_WAIT_2.
    void close_in_fin_wait_2(std::uint64_t cookie, Time left = 15s) {
        diag->sockets[cookie] =
            kernel_socket(cookie, TcpState::fin_wait_2, KernelTimer::time_wait, left);
        follow(diag->sockets[cookie].id, TcpState::fin_wait_2, 4s);
    }
    void close_in_fin_wait_1(std::uint64_t cookie, Time left = 200ms) {
        diag->sockets[cookie] =
            kernel_socket(cookie, TcpState::fin_wait_1, KernelTimer::retransmit, left);
        follow(diag->sockets[cookie].id, TcpState::fin_wait_1, 0s);
    }
    void follow(const SocketId& id, TcpState state, Time fin_wait_2_time) {
        Handoff handoff = sample_handoff();
        handoff.peer = id.peer;
        handoff.local = id.local;
        CloseEnd end;
        end.drain = Drain::idle_timeout;
        end.outcome = state == TcpState::fin_wait_2 ? Outcome::unknown : Outcome::unacked;
        end.half_close = now.monotonic - 5s;
        end.drain_time = 5s;
        end.fin_wait_2_time = fin_wait_2_time;
        end.facts.state = state;
        end.facts.cookie = id.cookie;
        ++closes;
        records.expect(handoff);
        follower.follow(handoff, end, id, now);
    }

    // The kernel's timers run with the test's clock.
    void pass(Time time) {
        now.monotonic += time;
        now.realtime += time;
        for (auto& [cookie, socket] : diag->sockets)
            socket.timer_left = std::max(socket.timer_left - time, Time::zero());
    }
    void sample(Time passed = 1s) {
        pass(passed);
        do {
            follower.turn(now);
        } while (follower.due() == Time::zero());
    }

    std::vector<Record> kept() {
        logs.flush(now, true);
        std::string text(std::size_t{1} << 22, '\0');
        const ssize_t size = ::pread(log.get(), text.data(), text.size(), 0);
        text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        std::vector<Record> result;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text.find('\n', at) + 1;
            const auto record = parse_record(std::string_view(text).substr(at, end - at));
            EXPECT_TRUE(record);
            if (record) result.push_back(*record);
            at = end;
        }
        return result;
    }
    Record only_record() {
        const std::vector<Record> all = kept();
        EXPECT_EQ(1U, all.size());
        return all.empty() ? Record() : all.front();
    }
    void expect_outcome(Outcome outcome, std::uint64_t fin_wait_2_ms) {
        const Record record = only_record();
        EXPECT_EQ(outcome, record.outcome) << name_of(record.outcome);
        EXPECT_EQ(fin_wait_2_ms, record.fin_wait_2_ms);
    }
    std::vector<std::string> told() {
        std::vector<std::string> texts;
        std::array<std::byte, kControlSizeMax> bytes;
        Control message;
        for (;;) {
            const ssize_t size = ::recv(parent.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
            if (size <= 0) return texts;
            EXPECT_TRUE(decode(std::span(bytes).first(static_cast<std::size_t>(size)), message));
            texts.emplace_back(message.text);
        }
    }

    Moment now{100'000s, 1'700'000'000s};
    std::pair<UniqueFd, UniqueFd> ends = seqpacket_pair();
    UniqueFd parent = std::move(ends.first);
    ControlChannel control{std::move(ends.second)};
    UniqueFd log{::memfd_create("log", MFD_CLOEXEC)};
    UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
    CloserCounters counters{};
    Counter gauge{};
    Notices notices{control};
    Logs logs{epoll.get(), 0, notices};
    BooksMemory books{UniqueFd(), 0};
    RemedyTable remedy_table;
    Remedies remedies{remedy_table, 0, counters, notices, books};
    RecordKeeper records{counters, 0, logs, books, remedies};
    std::set<std::uint64_t> held;
    FakeDiag* diag = new FakeDiag;  // the Follower's
    Follower follower{std::unique_ptr<SockDiag>(diag),
                      counters,
                      gauge,
                      records,
                      notices,
                      [this](std::uint64_t cookie) { return held.contains(cookie); }};
    std::uint64_t closes = 0;
};

}  // namespace finwait::test
