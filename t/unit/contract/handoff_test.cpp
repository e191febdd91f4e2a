// SPDX-License-Identifier: Apache-2.0
#include "finwait/handoff.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace finwait {
namespace {

using Bytes = std::vector<std::byte>;

Handoff a_handoff() {
    Handoff handoff;
    handoff.close.cause = Cause::keepalive_timeout;
    handoff.close.http = HttpVersion::http_1_1;
    handoff.close.tls = TlsVersion::tls_1_3;
    handoff.close.mpm = Mpm::event;
    handoff.close.remedy = Remedy::cut_short;
    handoff.close.auto_rule = AutoRule{40, 60, 3, 1800};
    handoff.close.requests = 7;
    handoff.half_close = std::chrono::nanoseconds(123'456'789);
    handoff.policy = {2'000, 500, 1u << 20, 0, 3'000};
    handoff.close.logs = {{1, 300}, 2};
    handoff.close.peer = {Endpoint::Family::ipv4, 40'000, {127, 0, 0, 1}};
    handoff.close.local = {Endpoint::Family::ipv6, 443, {0x20, 0x01, 0x0d, 0xb8}};
    handoff.close.vhost = "www.example.org";
    handoff.close.user_agent = "curl/7.88.1";
    handoff.close.client_address = "192.0.2.1";
    return handoff;
}

Bytes encoded(const Handoff& handoff) {
    Bytes bytes(kHandoffSizeMax);
    bytes.resize(encode(handoff, bytes));
    return bytes;
}

TEST(Handoff, ComesBackAsItWasSent) {
    const Handoff sent = a_handoff();
    const Bytes bytes = encoded(sent);
    Handoff received;
    ASSERT_EQ(decode(bytes, received), DecodeError::none);
    EXPECT_EQ(received.kind, sent.kind);
    EXPECT_EQ(received.half_close, sent.half_close);
    EXPECT_EQ(received.policy, sent.policy);
    EXPECT_EQ(received.close, sent.close);
}

TEST(Handoff, OfATypicalClientFitsInHalfAKilobyteOfChannelBuffer) {
    Handoff handoff = a_handoff();
    const std::string browser(112, 'x');  // Chromium's is 101 to 125 bytes long
    handoff.close.user_agent = browser;
    handoff.policy = Policy();
    handoff.close.local = handoff.close.peer;
    handoff.close.client_address = {};
    handoff.close.logs.count = 1;
    EXPECT_LE(encoded(handoff).size(), 192u);
}

TEST(Handoff, WithTextsAtTheirMaximaFits) {
    Handoff handoff = a_handoff();
    const std::string vhost(kVhostMax, 'v'), agent(kUserAgentMax, 'u'),
        client(kClientAddressMax, 'c');
    handoff.close.vhost = vhost;
    handoff.close.user_agent = agent;
    handoff.close.client_address = client;
    handoff.close.peer = handoff.close.local;
    handoff.close.logs.count = kLogsPerVhostMax;
    Handoff received;
    const Bytes bytes = encoded(handoff);
    ASSERT_EQ(decode(bytes, received), DecodeError::none);
    EXPECT_EQ(received.close.user_agent, agent);
}

TEST(Handoff, WithATextOverItsMaximumIsNotEncoded) {
    const std::string too_long(kUserAgentMax + 1, 'u');
    Handoff handoff = a_handoff();
    handoff.close.user_agent = too_long;
    EXPECT_TRUE(encoded(handoff).empty());
}

TEST(Handoff, ThatDoesNotFitIsNotEncoded) {
    Bytes small(encoded(a_handoff()).size() - 1);
    EXPECT_EQ(encode(a_handoff(), small), 0u);
}

TEST(Handoff, CutAnywhereIsTruncated) {
    const Bytes whole = encoded(a_handoff());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        Handoff received;
        EXPECT_EQ(decode(std::span(whole).first(size), received), DecodeError::truncated) << size;
    }
}

TEST(Handoff, FollowedByAnythingIsRefused) {
    Bytes bytes = encoded(a_handoff());
    bytes.push_back(std::byte{0});
    Handoff received;
    EXPECT_EQ(decode(bytes, received), DecodeError::trailing_bytes);
}

TEST(Handoff, OfAnotherVersionIsRefused) {
    Bytes bytes = encoded(a_handoff());
    bytes[0] = std::byte{kHandoffVersion + 1};
    Handoff received;
    EXPECT_EQ(decode(bytes, received), DecodeError::wrong_version);
}

// Bytes 1 to 7 are kind, cause, outcome, HTTP version, TLS version, MPM and remedy.
TEST(Handoff, WithAnUnknownWordIsRefused) {
    for (std::size_t at = 1; at <= 7; ++at) {
        Bytes bytes = encoded(a_handoff());
        bytes[at] = std::byte{200};
        Handoff received;
        EXPECT_EQ(decode(bytes, received), DecodeError::bad_value) << at;
    }
}

TEST(Handoff, WithARuleOutOfItsRangeIsRefused) {
    for (const AutoRule& bad :
         {AutoRule{0, 50, 2, 60}, AutoRule{101, 50, 2, 60}, AutoRule{50, 0, 2, 60},
          AutoRule{50, 50, 2, 0}, AutoRule{50, AutoRule::kClosesMax + 1, 2, 60},
          AutoRule{50, 50, 1001, 60}, AutoRule{50, 50, 2, AutoRule::kForMaxS + 1}}) {
        Handoff handoff = a_handoff(), received;
        handoff.close.auto_rule = bad;
        EXPECT_EQ(decode(encoded(handoff), received), DecodeError::bad_value);
    }
}

TEST(Handoff, WithATimeThatNoDirectiveAllowsIsRefused) {
    constexpr auto kMax = static_cast<std::uint32_t>(kTimeoutMax.count());
    const auto error_of = [](std::uint32_t Policy::*time, std::uint32_t ms) {
        Handoff handoff = a_handoff(), received;
        handoff.policy.*time = ms;
        return decode(encoded(handoff), received);
    };
    for (const auto time : {&Policy::drain_timeout_ms, &Policy::drain_idle_timeout_ms,
                            &Policy::wait_timeout_ms, &Policy::ack_timeout_ms}) {
        EXPECT_EQ(error_of(time, kMax), DecodeError::none);
        EXPECT_EQ(error_of(time, kMax + 1), DecodeError::bad_value);
    }
    EXPECT_EQ(error_of(&Policy::wait_timeout_ms, Policy::kWaitKernel), DecodeError::none);
    EXPECT_EQ(error_of(&Policy::drain_timeout_ms, UINT32_MAX), DecodeError::bad_value);
}

TEST(Handoff, ErrorsAreDescribedInDifferentWords) {
    EXPECT_NE(describe(DecodeError::truncated), describe(DecodeError::trailing_bytes));
    EXPECT_NE(describe(DecodeError::bad_value), describe(DecodeError::wrong_version));
}

}  // namespace
}  // namespace finwait
