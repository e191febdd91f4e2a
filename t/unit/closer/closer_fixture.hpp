// SPDX-License-Identifier: Apache-2.0
//
// A whole Closer in this process, turned by hand under a clock that only moves when a test says so.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <csignal>
#include <functional>
#include <memory>
#include <source_location>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "closer/closer.hpp"
#include "unit/books.hpp"
#include "unit/closer/channel/channel_sender.hpp"
#include "unit/closer/drain/tcp_pair.hpp"

namespace finwait::test {

using namespace std::chrono_literals;

constexpr std::uint64_t kDescriptors = 20'000;
constexpr std::size_t kReplySize = 100'000;

class CloserTest : public testing::Test {
  protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN);
        start();
    }

    // Every accepted close is accounted for, at any time.
    void TearDown() override {
        EXPECT_EQ(read(counters->received),
                  read(counters->records) + read(counters->tallied) + read(counters->unlogged) +
                      read(counters->dropped) + read(counters->bad_messages) +
                      read(counters->lost) + closer->held() + read(counters->unwritten[1]));
        EXPECT_EQ(closer->held(), read(counters->held[1]));
        EXPECT_EQ(closer->drainer().waiting(), read(counters->waiting[1]));
    }

    void start() {
        auto [control, parent_end] = seqpacket_pair();
        parent = std::move(parent_end);
        std::tie(deposit_out, deposit_in) = seqpacket_pair();
        if (!channel) {
            auto [receiver, sender] = seqpacket_pair();
            channel = std::move(receiver);
            child = std::move(sender);
        }
        closer =
            std::make_unique<Closer>(CloserDescriptors{one_lane(UniqueFd(::dup(channel.get()))),
                                                       std::move(control),
                                                       {},
                                                       UniqueFd(::dup(memory.get())),
                                                       {},
                                                       {},
                                                       UniqueFd(::dup(deposit_out.get()))},
                                     *counters, 1, kDescriptors);
    }

    void tell(Control control, std::initializer_list<int> descriptors = {}) {
        ASSERT_EQ(0, send_message(parent, encoded(control), descriptors));
    }
    void set_up(std::uint32_t max_held = 1000) {
        Control setup;
        setup.kind = ControlKind::setup;
        setup.max_held = max_held;
        tell(setup);
        Control open;
        open.kind = ControlKind::log_open;
        open.text = "test";
        tell(open, {log.get()});
        turn();
    }
    void tell_finish(std::uint32_t grace_ms) {
        Control finish;
        finish.kind = ControlKind::finish;
        finish.grace_ms = grace_ms;
        tell(finish);
    }

    // Hands a socket over and closes our copy, as httpd does.
    void hand_over(UniqueFd& socket, Handoff handoff) {
        if (handoff.half_close == Time::zero()) handoff.half_close = now.monotonic;
        ASSERT_EQ(0, send_message(child, encoded(handoff), {socket.get()}));
        socket.reset();
    }
    void hand_over(TcpPair& pair, const Handoff& handoff) { hand_over(pair.server, handoff); }
    void hand_over(TcpPair& pair) { hand_over(pair, sample()); }

    // Its client has not read, and so the reply and our FIN are not all acknowledged.
    TcpPair with_unacknowledged_reply() {
        TcpPair pair = small.connect();
        const std::string reply(kReplySize, 'x');
        EXPECT_GT(sent = ::send(pair.server.get(), reply.data(), reply.size(), MSG_DONTWAIT), 0);
        pair.half_close();
        await_full(pair.server);
        EXPECT_GT(unacked_bytes(pair.server.get()), 1U);
        return pair;
    }
    Handoff sample() const {
        Handoff handoff = sample_handoff();
        handoff.policy = policy;
        return handoff;
    }

    void turn(Time passed = {}) {
        now.monotonic += passed;
        now.realtime += passed;
        closer->collect_events(0);
        closer->turn(now);
    }
    // Until the kernel has delivered what the test expects; the closer's clock stands still.
    void turn_until(const std::function<bool()>& condition,
                    std::source_location where = std::source_location::current()) {
        const auto end = Clock::now() + kPatience;
        while (!condition()) {
            ASSERT_LT(Clock::now(), end)
                << "what is waited for in line " << where.line() << " of " << where.file_name()
                << " has not come: " << closer->held() << " held, " << read(counters->received)
                << " received, " << read(counters->records) << " records";
            closer->collect_events(1);
            closer->turn(now);
        }
    }
    void turn_until_held(std::size_t count,
                         std::source_location where = std::source_location::current()) {
        turn_until([&] { return closer->held() == count; }, where);
    }
    // What waits now has waited for FinWaitTimeout.
    void wait_to_the_end() {
        EXPECT_LT(0U, closer->drainer().waiting());
        turn(std::chrono::milliseconds(policy.wait_timeout_ms));
        EXPECT_EQ(0U, closer->held());
    }
    // The same in FIN_WAIT_1, for FinWaitAckTimeout.
    void wait_for_an_acknowledgement() {
        EXPECT_LT(0U, closer->drainer().waiting());
        turn(std::chrono::milliseconds(kKernelsAckTimeoutMs));
        EXPECT_EQ(0U, closer->held());
    }
    // How many bytes come before the end, which is 0 for FIN or an errno.
    std::pair<ssize_t, int> read_to_end(const UniqueFd& client) {
        ssize_t got = 0;
        char bytes[4096];
        for (;;) {
            pollfd readable{client.get(), POLLIN, 0};
            while (::poll(&readable, 1, 1) == 0) turn();
            const ssize_t size = ::recv(client.get(), bytes, sizeof bytes, 0);
            if (size <= 0) return {got, size < 0 ? errno : 0};
            got += size;
        }
    }
    // A turn that takes the Handoffs, one that registers them, and their first events.
    void settle(std::size_t in_fin_wait_2) {
        for (int i = 0; i < 3; ++i) turn();
        turn_until_held(in_fin_wait_2);
        for (int i = 0; i < 3; ++i) turn();
    }

    std::vector<Record> records() {
        turn(kLogFlushDelay);
        std::string text(1 << 20, '\0');
        const ssize_t size = ::pread(log.get(), text.data(), text.size(), 0);
        text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        std::vector<Record> result;
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) {
            const auto record = parse_record(line);
            EXPECT_TRUE(record) << line;
            if (record) result.push_back(*record);
        }
        return result;
    }
    Record only_record() {
        const std::vector<Record> all = records();
        EXPECT_EQ(1U, all.size());
        return all.empty() ? Record() : all.front();
    }
    void expect_only(Drain drain, Outcome outcome) {
        const Record record = only_record();
        EXPECT_EQ(drain, record.drain) << name_of(record.drain);
        EXPECT_EQ(outcome, record.outcome) << name_of(record.outcome);
        EXPECT_EQ(1U, read(counter_of(counters->drains, drain)));
        EXPECT_EQ(1U, read(counter_of(counters->outcomes, outcome)));
        EXPECT_EQ(1U, read(counter_of(counters->causes, record.cause)));
    }
    std::vector<std::string> notices() {
        std::vector<std::string> texts;
        std::array<std::byte, kControlSizeMax> bytes;
        Control control;
        for (;;) {
            const ssize_t size = ::recv(parent.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
            if (size <= 0) return texts;
            EXPECT_TRUE(decode(std::span(bytes).first(static_cast<std::size_t>(size)), control));
            if (control.kind == ControlKind::ready) readies.push_back(control);
            if (control.kind == ControlKind::notice) texts.emplace_back(control.text);
        }
    }

    Moment now{100'000s, 1'700'000'000s};
    Policy policy;
    std::unique_ptr<CloserCounters> counters = std::make_unique<CloserCounters>();
    UniqueFd log{::memfd_create("log", MFD_CLOEXEC)};
    UniqueFd memory = books_memory();
    MappedBooks books{memory};
    UniqueFd channel;
    UniqueFd child;
    UniqueFd parent;
    UniqueFd deposit_in;  // these two are the parent's
    UniqueFd deposit_out;
    Loopback loopback;
    Loopback small{4096};  // of clients with a small window
    ssize_t sent = 0;      // of the reply that was not acknowledged
    std::vector<UniqueFd> clients;
    std::vector<Control> readies;
    std::unique_ptr<Closer> closer;
};

}  // namespace finwait::test
