// SPDX-License-Identifier: Apache-2.0
//
// A message that cannot be used costs no client its reply.
#include <gtest/gtest.h>

#include <vector>

#include "unit/closer/closer_fixture.hpp"

namespace finwait {
namespace {

using namespace test;
using Bytes = std::vector<std::byte>;

class CloserRescue : public CloserTest {
  protected:
    // Answered while its client is still sending: a close would take the reply with it.
    TcpPair refused_upload() {
        TcpPair pair = loopback.connect();
        send_bytes(pair.client, 50'000);
        await(pair.server, POLLIN);
        send_bytes(pair.server, 1000);
        return pair;
    }
    void send(const Bytes& message, TcpPair& pair) {
        ASSERT_EQ(0, send_message(child, message, {pair.server.get()}));
        pair.server.reset();
    }
    void expect_whole_reply(TcpPair& pair) {
        std::string reply(1000, ' ');
        await(pair.client, POLLIN);
        EXPECT_EQ(1000, ::recv(pair.client.get(), reply.data(), reply.size(), MSG_WAITALL));
        EXPECT_EQ(0, end_seen_by(pair.client)) << "our FIN, also where the child has sent none";
        send_bytes(pair.client, 50'000);
    }
    std::vector<Bytes> unusable() const {
        const Bytes good = encoded(sample());
        Bytes of_another_version = good, truncated = good, trailing = good, with_a_bad_word = good;
        of_another_version[0] = std::byte{99};
        truncated.resize(good.size() / 2);
        trailing.push_back(std::byte{0});
        with_a_bad_word[2] = std::byte{200};
        Handoff too_long = sample();
        too_long.policy.drain_timeout_ms = UINT32_MAX;
        return {of_another_version,
                truncated,
                trailing,
                with_a_bad_word,
                encoded(too_long),
                Bytes(kHandoffSizeMax + 1),
                encoded(sample_ended(Outcome::reset)),
                Bytes(1)};
    }
};

TEST_F(CloserRescue, EachKindIsDrainedUnderTheDefaultPolicy) {
    set_up();
    std::uint64_t rescued = 0;
    for (const Bytes& message : unusable()) {
        TcpPair pair = refused_upload();
        send(message, pair);
        turn_until_held(1);
        expect_whole_reply(pair);
        turn(4s);
        EXPECT_EQ(1U, closer->held());
        pair.client.reset();
        turn_until_held(0);
        EXPECT_EQ(++rescued, read(counters->rescued));
    }
    EXPECT_EQ(rescued, read(counters->received));
    EXPECT_EQ(rescued, read(counters->unlogged));
    EXPECT_EQ(rescued, read(counter_of(counters->outcomes, Outcome::fin)));
    EXPECT_EQ(0U, read(counters->bad_messages));
    EXPECT_EQ("refused a message of the channel: the message is of another version of mod_finwait",
              notices().at(0));
}

TEST_F(CloserRescue, ItsDrainEndsLikeAnyOther) {
    set_up();
    TcpPair pair = refused_upload();
    send(unusable()[0], pair);
    turn_until_held(1);
    expect_whole_reply(pair);
    turn_until([&] { return closer->drainer().sockets().size_of(Stage::acknowledged) == 1; });
    turn(milliseconds(Policy().drain_idle_timeout_ms));
    turn(milliseconds(Policy().drain_idle_timeout_ms));
    EXPECT_EQ(1U, closer->drainer().waiting());
    turn(milliseconds(Policy().wait_timeout_ms));
    EXPECT_EQ(0U, closer->held());
}

TEST_F(CloserRescue, EverySocketOfAMessageIsAClose) {
    set_up();
    TcpPair a = refused_upload(), b = refused_upload();
    const UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(0,
              send_message(child, encoded(sample()), {a.server.get(), udp.get(), b.server.get()}));
    a.server.reset();
    b.server.reset();
    turn_until_held(2);
    EXPECT_EQ(2U, read(counters->received));
    EXPECT_EQ(2U, read(counters->rescued));
    expect_whole_reply(a);
    expect_whole_reply(b);
}

// Options succeed on it, and nothing ever happens.
TEST_F(CloserRescue, WhatListensIsNotHeld) {
    set_up();
    for (const Method method : {Method::drain, Method::close, Method::solinger, Method::reset}) {
        UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(0, ::listen(listener.get(), 1));
        policy.method = method;
        hand_over(listener, sample());
        const std::uint64_t before = read(counters->received);
        turn_until([&] { return read(counters->received) == before + 1; });
        turn();
        EXPECT_EQ(0U, closer->held()) << name_of(method);
    }
}

}  // namespace
}  // namespace finwait
