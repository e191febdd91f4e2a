// SPDX-License-Identifier: Apache-2.0
#include "closer/channel/channel_receiver.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/closer/channel/channel_sender.hpp"
#include "unit/closer/drain/tcp_pair.hpp"
#include "unit/closer/open_descriptors.hpp"

namespace finwait {
namespace {

using namespace test;

class ChannelReceiverTest : public testing::Test {
  protected:
    // The one message that is queued: why it is refused, "" if it is good.
    std::string verdict() {
        const ReceivedBatch batch = receiver.receive(0);
        EXPECT_EQ(1U, batch.messages.size());
        EXPECT_FALSE(batch.is_full);
        if (batch.messages.empty()) return "nothing";
        brought = (batch.messages[0].socket ? 1U : 0U) + batch.messages[0].others.size();
        const UniqueFd first = std::move(batch.messages[0].socket);
        const std::vector<UniqueFd> others = std::move(batch.messages[0].others);
        return std::string(batch.messages[0].refused);
    }

    std::pair<UniqueFd, UniqueFd> ends = seqpacket_pair();
    UniqueFd sender = std::move(ends.first);
    std::size_t brought = 0;  // descriptors, by it
    ChannelReceiver receiver{one_lane(std::move(ends.second)), kDescriptorsPerMessageMax};
    UniqueFd any{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
};

TEST_F(ChannelReceiverTest, AHandoffBringsItsSocket) {
    ASSERT_EQ(0, send_message(sender, encoded(sample_handoff()), {any.get()}));
    const ReceivedBatch batch = receiver.receive(0);
    ASSERT_EQ(1U, batch.messages.size());
    EXPECT_EQ("", batch.messages[0].refused);
    EXPECT_TRUE(batch.messages[0].socket);
    EXPECT_EQ(FD_CLOEXEC, ::fcntl(batch.messages[0].socket.get(), F_GETFD));
    EXPECT_EQ("www.example.org", batch.messages[0].handoff.close.vhost);
    EXPECT_FALSE(batch.has_ended);
}

TEST_F(ChannelReceiverTest, AReportHasNoSocket) {
    ASSERT_EQ(0, send_message(sender, encoded(sample_ended(Outcome::reset))));
    const ReceivedBatch batch = receiver.receive(0);
    ASSERT_EQ(1U, batch.messages.size());
    EXPECT_EQ("", batch.messages[0].refused);
    EXPECT_EQ(MessageKind::ended, batch.messages[0].handoff.kind);
    EXPECT_FALSE(batch.messages[0].socket);
}

TEST_F(ChannelReceiverTest, NothingQueuedIsNotTheEnd) {
    const ReceivedBatch batch = receiver.receive(0);
    EXPECT_TRUE(batch.messages.empty());
    EXPECT_FALSE(batch.has_ended);
}

TEST_F(ChannelReceiverTest, ABatchIsBoundedAndSaysThatThereIsMore) {
    const std::vector<std::byte> report = encoded(sample_ended(Outcome::reset));
    for (std::size_t i = 0; i < kReceiveBatch + 1; ++i)
        ASSERT_EQ(0, send_message(sender, report, {}, MSG_DONTWAIT));
    const ReceivedBatch first = receiver.receive(0);
    EXPECT_EQ(kReceiveBatch, first.messages.size());
    EXPECT_TRUE(first.is_full);
    const ReceivedBatch second = receiver.receive(0);
    EXPECT_EQ(1U, second.messages.size());
    EXPECT_FALSE(second.is_full);
}

TEST_F(ChannelReceiverTest, EndsAfterTheLastMessageOfTheLastSender) {
    UniqueFd other(::dup(sender.get()));
    ASSERT_EQ(0, send_message(sender, encoded(sample_ended(Outcome::reset))));
    sender.reset();
    EXPECT_FALSE(receiver.receive(0).has_ended);
    EXPECT_FALSE(receiver.receive(0).has_ended);
    ASSERT_EQ(0, send_message(other, encoded(sample_ended(Outcome::reset))));
    other.reset();
    const ReceivedBatch last = receiver.receive(0);
    EXPECT_EQ(1U, last.messages.size());
    EXPECT_TRUE(last.has_ended);
}

TEST_F(ChannelReceiverTest, AnEmptyMessageIsRefusedAndNotTakenForTheEnd) {
    ASSERT_EQ(0, send_message(sender, {}));
    EXPECT_NE("", verdict());
    ASSERT_EQ(0, send_message(sender, {}));
    ASSERT_EQ(0, send_message(sender, encoded(sample_ended(Outcome::reset))));
    sender.reset();
    const ReceivedBatch batch = receiver.receive(0);
    EXPECT_EQ(2U, batch.messages.size());
    EXPECT_TRUE(batch.has_ended);
}

TEST_F(ChannelReceiverTest, RefusedMessagesLeakNoDescriptor) {
    std::vector<std::byte> wrong_version = encoded(sample_handoff());
    for (std::size_t i = 0; i < 4; ++i) wrong_version[i] = std::byte{0xEE};
    std::vector<std::byte> truncated = encoded(sample_handoff());
    truncated.resize(truncated.size() / 2);
    std::vector<std::byte> trailing = encoded(sample_handoff());
    trailing.push_back(std::byte{0});
    const std::vector<std::byte> oversized(kHandoffSizeMax + 1);
    const std::vector<std::byte> handoff = encoded(sample_handoff());
    const std::vector<std::byte> report = encoded(sample_ended(Outcome::reset));
    const int fd = any.get();
    const std::size_t before = open_descriptors();

    const auto refuses = [&](const std::vector<std::byte>& bytes,
                             std::initializer_list<int> descriptors) {
        ASSERT_EQ(0, send_message(sender, bytes, descriptors));
        EXPECT_NE("", verdict());
        static_cast<void>(receiver.receive(0));
        EXPECT_EQ(before, open_descriptors());
    };
    refuses(wrong_version, {fd});
    refuses(truncated, {fd});
    refuses(trailing, {fd});
    refuses(oversized, {fd, fd});
    refuses(handoff, {});
    refuses(handoff, {fd, fd});
    refuses(handoff, {fd, fd, fd, fd});
    refuses(handoff, {fd, fd, fd, fd, fd, fd, fd, fd, fd, fd});
    EXPECT_EQ(10U, brought);
    refuses(report, {fd});
    refuses(report, {fd, fd, fd});
}

TEST_F(ChannelReceiverTest, WhereDescriptorsAreFewTheRestIsClosedByTheKernel) {
    const int fd = any.get();
    const std::size_t before = open_descriptors();
    ASSERT_EQ(0, send_message(sender, encoded(sample_handoff()), {fd, fd, fd, fd, fd, fd}));
    ChannelReceiver poor(one_lane(UniqueFd(::dup(receiver.descriptor(0)))),
                         kDescriptorsPerMessageMin);
    const ReceivedBatch batch = poor.receive(0);
    ASSERT_EQ(1U, batch.messages.size());
    EXPECT_EQ("it came with too many descriptors", batch.messages[0].refused);
    EXPECT_EQ(kDescriptorsPerMessageMin - 1, batch.messages[0].others.size());
    EXPECT_EQ(before + 1 + kDescriptorsPerMessageMin, open_descriptors());
}

TEST_F(ChannelReceiverTest, ARefusedMessageDoesNotHarmItsNeighbours) {
    const std::vector<std::byte> garbage(100, std::byte{0xFF});
    ASSERT_EQ(0, send_message(sender, encoded(sample_handoff()), {any.get()}));
    ASSERT_EQ(0, send_message(sender, garbage, {any.get()}));
    ASSERT_EQ(0, send_message(sender, encoded(sample_handoff()), {any.get()}));
    const ReceivedBatch batch = receiver.receive(0);
    ASSERT_EQ(3U, batch.messages.size());
    EXPECT_TRUE(batch.messages[0].socket);
    EXPECT_NE("", batch.messages[1].refused);
    EXPECT_TRUE(batch.messages[2].socket);
}

TEST_F(ChannelReceiverTest, ASocketNotTakenIsClosedByTheNextReceive) {
    const std::size_t before = open_descriptors();
    ASSERT_EQ(0, send_message(sender, encoded(sample_handoff()), {any.get()}));
    static_cast<void>(receiver.receive(0));
    EXPECT_EQ(before + 1, open_descriptors());
    ASSERT_EQ(0, send_message(sender, encoded(sample_ended(Outcome::reset))));
    static_cast<void>(receiver.receive(0));
    EXPECT_EQ(before, open_descriptors());
}

}  // namespace
}  // namespace finwait
