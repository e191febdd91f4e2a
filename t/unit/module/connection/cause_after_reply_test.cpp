// SPDX-License-Identifier: Apache-2.0
//
// The cause that the last reply decided.
#include <gtest/gtest.h>

#include <iterator>

#include "module/connection/cause.hpp"

namespace finwait {
namespace {

struct Reply {
    bool ReplyFacts::*fact;
    Cause cause;
};

// In ap_set_keepalive()'s order: each fact wins over all that follow it.
constexpr Reply kReplies[] = {
    {&ReplyFacts::begun_and_timed_out, Cause::request_timeout},
    {&ReplyFacts::upgraded, Cause::tunnel_end},
    {&ReplyFacts::cut_off, Cause::client_gone},
    {&ReplyFacts::body_refused, Cause::unread_body},
    {&ReplyFacts::status_drops_connection, Cause::error},
    {&ReplyFacts::has_two_lengths, Cause::error},
    {&ReplyFacts::keep_alive_off, Cause::server_limit},
    {&ReplyFacts::requests_used_up, Cause::server_limit},
    {&ReplyFacts::client_said_close, Cause::client_asked},
    {&ReplyFacts::no_keepalive_variable, Cause::server_limit},
    {&ReplyFacts::old_client, Cause::client_asked},
    {&ReplyFacts::stopping, Cause::stopping},
    {&ReplyFacts::has_body, Cause::unread_body},
};

TEST(CauseAfterReply, FollowsTheOrderInWhichHttpdDecides) {
    for (std::size_t first = 0; first < std::size(kReplies); ++first) {
        ReplyFacts facts;
        for (std::size_t i = first; i < std::size(kReplies); ++i) facts.*kReplies[i].fact = true;
        EXPECT_EQ(cause_after_reply(facts), kReplies[first].cause) << first;
    }
}

TEST(CauseAfterReply, IsALimitOfTheServersWhereTheReplySaysClose) {
    EXPECT_EQ(cause_after_reply(ReplyFacts{}), Cause::server_limit);
}

}  // namespace
}  // namespace finwait
