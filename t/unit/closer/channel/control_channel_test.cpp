// SPDX-License-Identifier: Apache-2.0
#include "closer/channel/control_channel.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstring>

#include "unit/closer/channel/channel_sender.hpp"
#include "unit/closer/open_descriptors.hpp"

namespace finwait {
namespace {

using namespace test;
using Received = ControlChannel::Received;

class ControlChannelTest : public testing::Test {
  protected:
    Received receive() { return channel.receive(control, descriptor); }

    std::pair<UniqueFd, UniqueFd> ends = seqpacket_pair();
    UniqueFd parent = std::move(ends.first);
    ControlChannel channel{std::move(ends.second)};
    UniqueFd any{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    Control control;
    UniqueFd descriptor;
};

TEST_F(ControlChannelTest, ALogComesWithItsDescriptor) {
    Control open;
    open.kind = ControlKind::log_open;
    open.log_id = 12;
    open.text = "logs/finwait.log";
    ASSERT_EQ(0, send_message(parent, encoded(open), {any.get()}));
    ASSERT_EQ(Received::message, receive());
    EXPECT_EQ(ControlKind::log_open, control.kind);
    EXPECT_EQ(12, control.log_id);
    EXPECT_EQ("logs/finwait.log", control.text);
    EXPECT_TRUE(descriptor);
    EXPECT_EQ(Received::nothing, receive());
}

TEST_F(ControlChannelTest, ASetupSaysEveryLimit) {
    Control setup;
    setup.kind = ControlKind::setup;
    setup.max_held = 1;
    setup.ledger_size = 3;
    ASSERT_EQ(0, send_message(parent, encoded(setup)));
    ASSERT_EQ(Received::message, receive());
    EXPECT_EQ(1U, control.max_held);
    EXPECT_EQ(3U, control.ledger_size);
}

TEST_F(ControlChannelTest, RefusesAWrongNumberOfDescriptorsAndClosesThem) {
    Control open;
    open.kind = ControlKind::log_open;
    Control finish;
    finish.kind = ControlKind::finish;
    const std::vector<std::byte> garbage(10, std::byte{0xFF});
    const std::size_t before = open_descriptors();
    ASSERT_EQ(0, send_message(parent, encoded(open)));
    EXPECT_EQ(Received::refused, receive());
    ASSERT_EQ(0, send_message(parent, encoded(open), {any.get(), any.get()}));
    EXPECT_EQ(Received::refused, receive());
    ASSERT_EQ(0, send_message(parent, encoded(finish), {any.get()}));
    EXPECT_EQ(Received::refused, receive());
    ASSERT_EQ(0, send_message(parent, garbage, {any.get()}));
    EXPECT_EQ(Received::refused, receive());
    EXPECT_EQ(before, open_descriptors());
}

TEST_F(ControlChannelTest, WhatWasSentBeforeTheParentLeftIsStillReceived) {
    Control notice;
    notice.kind = ControlKind::notice;
    notice.text = "the parent never reads this";
    ASSERT_TRUE(channel.send(notice));
    Control finish;
    finish.kind = ControlKind::finish;
    finish.grace_ms = 5;
    ASSERT_EQ(0, send_message(parent, encoded(finish)));
    parent.reset();
    ASSERT_EQ(Received::message, receive());
    EXPECT_EQ(ControlKind::finish, control.kind);
    EXPECT_EQ(Received::ended, receive());
    EXPECT_FALSE(channel.is_open());
    EXPECT_EQ(Received::ended, receive());
    EXPECT_FALSE(channel.send(notice));
}

}  // namespace
}  // namespace finwait
