// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/packed_handoff.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "unit/closer/channel/channel_sender.hpp"

namespace finwait {
namespace {

Handoff with_everything(const std::string& user_agent) {
    Handoff handoff = test::sample_handoff();
    handoff.tls = TlsVersion::tls_1_3;
    handoff.user_agent = user_agent;
    handoff.remedy = Remedy::nokeepalive;
    handoff.auto_rule = AutoRule{40, 60, 3, 1800};
    handoff.client_address = "2001:db8::1";
    handoff.logs.ids = {7, 8, 9, 65535};
    handoff.logs.count = 4;
    return handoff;
}

void expect_same(const Handoff& handoff, const Handoff& unpacked) {
    EXPECT_EQ(handoff.cause, unpacked.cause);
    EXPECT_EQ(handoff.http, unpacked.http);
    EXPECT_EQ(handoff.tls, unpacked.tls);
    EXPECT_EQ(handoff.mpm, unpacked.mpm);
    EXPECT_EQ(handoff.remedy, unpacked.remedy);
    EXPECT_EQ(handoff.auto_rule, unpacked.auto_rule);
    EXPECT_EQ(handoff.requests, unpacked.requests);
    EXPECT_EQ(handoff.logs, unpacked.logs);
    EXPECT_EQ(handoff.peer, unpacked.peer);
    EXPECT_EQ(handoff.local, unpacked.local);
    EXPECT_EQ(handoff.vhost, unpacked.vhost);
    EXPECT_EQ(handoff.user_agent, unpacked.user_agent);
    EXPECT_EQ(handoff.client_address, unpacked.client_address);
}

TEST(PackedHandoff, GivesBackWhatARecordNeeds) {
    const std::string user_agent(kUserAgentMax, '\0');
    const Handoff handoff = with_everything(user_agent);
    PackedHandoff packed(handoff);
    expect_same(handoff, packed.unpack());
    const PackedHandoff moved = std::move(packed);
    expect_same(handoff, moved.unpack());
}

TEST(PackedHandoff, KeepsNoTextOfTheDatagram) {
    std::string user_agent = "curl/8.0";
    const PackedHandoff packed(with_everything(user_agent));
    user_agent.assign(user_agent.size(), '?');
    EXPECT_EQ("curl/8.0", packed.unpack().user_agent);
}

TEST(PackedHandoff, TextsMayAllBeEmpty) {
    const PackedHandoff packed{Handoff()};
    EXPECT_EQ("", packed.unpack().user_agent);
    EXPECT_EQ("", packed.unpack().vhost);
}

}  // namespace
}  // namespace finwait
