// SPDX-License-Identifier: Apache-2.0
#include "module/connection/cause.hpp"

#include <gtest/gtest.h>

namespace finwait {
namespace {

using namespace std::chrono_literals;

// A keep-alive connection, silent since a reply one second ago; KeepAliveTimeout 5, Timeout 60.
CloseFacts kept_alive() {
    CloseFacts facts;
    facts.requests = 1;
    facts.bytes_received = true;
    facts.since_reply = 1s;
    facts.since_last_bytes = 1s;
    facts.keep_alive_timeout = 5s;
    facts.request_timeout = 60s;
    return facts;
}

CloseFacts kept_alive_for(std::chrono::nanoseconds time) {
    CloseFacts facts = kept_alive();
    facts.since_reply = facts.since_last_bytes = time;
    return facts;
}

CloseFacts without_request() {
    CloseFacts facts = kept_alive();
    facts.requests = 0;
    return facts;
}

TEST(CauseOfClose, IsTheLastRepliesWhereItDecided) {
    CloseFacts facts = kept_alive();
    facts.after_reply = Cause::client_asked;
    facts.peek = Peek::fin;
    EXPECT_EQ(cause_of_close(facts), Cause::client_asked);
}

TEST(CauseOfClose, IsTheClientWhereItsRstTookTheReplyAway) {
    CloseFacts facts = kept_alive();
    facts.after_reply = Cause::client_asked;
    facts.peek = Peek::reset;
    EXPECT_EQ(cause_of_close(facts), Cause::client_gone);
}

TEST(CauseOfClose, IsTheClientWhereItCutItsRequestOff) {
    CloseFacts facts = kept_alive();
    facts.after_reply = Cause::error;
    facts.malformed = true;
    EXPECT_EQ(cause_of_close(facts), Cause::error);
    facts.peek = Peek::fin;
    EXPECT_EQ(cause_of_close(facts), Cause::client_gone);
}

TEST(CauseOfClose, OfATunnelIsItsEndWhoeverWentFirst) {
    CloseFacts facts = kept_alive();
    facts.after_reply = Cause::tunnel_end;
    facts.peek = Peek::fin;
    EXPECT_EQ(cause_of_close(facts), Cause::tunnel_end);
}

TEST(CauseOfClose, IsTheClientWhereItsFinOrRstIsThere) {
    for (const Peek peek : {Peek::fin, Peek::reset, Peek::closed, Peek::fin_then_reset}) {
        CloseFacts facts = kept_alive_for(9s);
        facts.peek = peek;
        facts.stopping = true;
        EXPECT_EQ(cause_of_close(facts), Cause::client_gone);
    }
}

TEST(CauseOfClose, IsStoppingBeforeAnyTimeout) {
    CloseFacts facts = kept_alive_for(9s);
    facts.stopping = true;
    EXPECT_EQ(cause_of_close(facts), Cause::stopping);
    facts.requests = 0;
    EXPECT_EQ(cause_of_close(facts), Cause::stopping);
}

TEST(CauseOfClose, IsTheKeepAliveTimeoutFromItsFirstNanosecond) {
    EXPECT_EQ(cause_of_close(kept_alive_for(5s)), Cause::keepalive_timeout);
    EXPECT_NE(cause_of_close(kept_alive_for(5s - 1ns)), Cause::keepalive_timeout);
}

TEST(CauseOfClose, IsBusyWorkersWhereEventClosesEarly) {
    CloseFacts facts = kept_alive();
    facts.async = facts.short_note = true;
    EXPECT_EQ(cause_of_close(facts), Cause::workers_busy);
}

TEST(CauseOfClose, IsBusyWorkersWhereARequestWaitsUnread) {
    CloseFacts facts = kept_alive_for(9s);
    facts.async = facts.short_note = true;
    facts.since_last_bytes = 0s;
    facts.peek = Peek::data;
    EXPECT_EQ(cause_of_close(facts), Cause::workers_busy);
}

TEST(CauseOfClose, IsARequestTimeoutWhereBytesCameAfterTheReply) {
    CloseFacts facts = kept_alive_for(30s);
    facts.since_last_bytes = 20s;
    facts.short_note = true;  // mod_reqtimeout's
    EXPECT_EQ(cause_of_close(facts), Cause::request_timeout);
}

TEST(CauseOfClose, OnEventIsARequestTimeoutOnlyWhereItHadBegunToRead) {
    CloseFacts facts = kept_alive_for(30s);
    facts.async = facts.short_note = true;
    EXPECT_EQ(cause_of_close(facts), Cause::keepalive_timeout);
    facts.reading = true;
    EXPECT_EQ(cause_of_close(facts), Cause::request_timeout);
}

TEST(CauseOfClose, IsARequestTimeoutWithoutModReqtimeoutToo) {
    CloseFacts facts = kept_alive_for(90s);
    facts.since_last_bytes = 60s;
    EXPECT_EQ(cause_of_close(facts), Cause::request_timeout);
}

TEST(CauseOfClose, IsTheClientWhereOnlyItsCloseNotifyCame) {
    CloseFacts facts = kept_alive();
    facts.tls = true;
    EXPECT_EQ(cause_of_close(facts), Cause::client_gone);
}

TEST(CauseOfClose, OnHttp2LateFramesAreNoRequest) {
    CloseFacts facts = kept_alive_for(5s);
    facts.http_2 = true;
    facts.since_last_bytes = 1s;
    EXPECT_EQ(cause_of_close(facts), Cause::keepalive_timeout);
}

TEST(CauseOfClose, IsOtherWhereNothingExplainsIt) {
    EXPECT_EQ(cause_of_close(kept_alive()), Cause::other);
}

TEST(CauseOfClose, WithoutAByteIsNoRequest) {
    CloseFacts facts = without_request();
    facts.bytes_received = false;
    EXPECT_EQ(cause_of_close(facts), Cause::no_request);
}

TEST(CauseOfClose, WithHalfARequestIsARequestTimeout) {
    CloseFacts facts = without_request();
    facts.short_note = true;
    EXPECT_EQ(cause_of_close(facts), Cause::request_timeout);
}

TEST(CauseOfClose, WithOnlyAHandshakeOrPrefaceIsNoRequest) {
    CloseFacts tls = without_request();
    tls.tls = tls.short_note = true;
    EXPECT_EQ(cause_of_close(tls), Cause::no_request);
    CloseFacts http_2 = without_request();
    http_2.http_2 = true;
    EXPECT_EQ(cause_of_close(http_2), Cause::no_request);
}

TEST(CauseOfClose, OfAReplyThatIsBegunOnHttp2IsTheClientUnlessItWasSilentForTimeout) {
    CloseFacts facts = without_request();
    facts.tls = facts.http_2 = facts.reply_begun = true;
    EXPECT_EQ(cause_of_close(facts), Cause::client_gone);
    facts.since_last_bytes = 60s;
    EXPECT_EQ(cause_of_close(facts), Cause::request_timeout);
}

TEST(CauseOfClose, OfAReplyThatWasGivenUpIsTimeoutIfTheClientIsThere) {
    CloseFacts facts = kept_alive();
    facts.reply_given_up = true;
    for (const Peek peek : {Peek::nothing, Peek::data}) {
        facts.peek = peek;
        EXPECT_EQ(cause_of_close(facts), Cause::request_timeout);
    }
    for (const Peek peek : {Peek::fin, Peek::reset, Peek::closed}) {
        facts.peek = peek;
        EXPECT_EQ(cause_of_close(facts), Cause::client_gone);
    }
}

TEST(CauseOfClose, OfAReplyThatWasGivenUpIsTimeoutWhateverItSaid) {
    CloseFacts facts = kept_alive();
    facts.reply_given_up = true;
    facts.after_reply = Cause::client_asked;
    EXPECT_EQ(cause_of_close(facts), Cause::request_timeout);
    facts.after_reply = Cause::tunnel_end;
    EXPECT_EQ(cause_of_close(facts), Cause::tunnel_end);
}

TEST(CauseOfClose, OfBytesThatWereNoRequestIsAnError) {
    EXPECT_EQ(cause_of_close(without_request()), Cause::error);
}

TEST(CauseOfClose, AsksForTcpInfoOnlyWhereItIsRead) {
    EXPECT_TRUE(needs_tcp_info(kept_alive()));
    EXPECT_TRUE(needs_tcp_info(without_request()));
    CloseFacts event = kept_alive();
    event.async = true;
    EXPECT_FALSE(needs_tcp_info(event));
    CloseFacts facts = kept_alive();
    facts.after_reply = Cause::error;
    EXPECT_FALSE(needs_tcp_info(facts));
    facts = kept_alive();
    facts.peek = Peek::fin;
    EXPECT_FALSE(needs_tcp_info(facts));
    facts = kept_alive();
    facts.stopping = true;
    EXPECT_FALSE(needs_tcp_info(facts));
}

struct Reply {
    bool ReplyFacts::*fact;
    Cause cause;
};

// In ap_set_keepalive()'s order: each fact wins over all that follow it.
constexpr Reply kReplies[] = {
    {&ReplyFacts::begun_and_timed_out, Cause::request_timeout},
    {&ReplyFacts::upgraded, Cause::tunnel_end},
    {&ReplyFacts::body_refused, Cause::unread_body},
    {&ReplyFacts::status_drops_connection, Cause::error},
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
