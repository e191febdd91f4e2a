// SPDX-License-Identifier: Apache-2.0
#include "unit/module/connection/cause_facts.hpp"

namespace finwait {
namespace {

TEST(CauseOfClose, OnHttp2IsAnErrorWhereModHttp2SaidSo) {
    CauseFacts facts = on_http_2();
    facts.http_2_error = true;
    EXPECT_EQ(cause_if_silent(facts, 1ms), Cause::error);
    EXPECT_EQ(cause_if_silent(facts, 5s), Cause::keepalive_timeout);
    facts.requests = 0;
    EXPECT_EQ(cause_if_silent(facts, 1ms), Cause::error);
    EXPECT_EQ(cause_if_silent(facts, 5s), Cause::no_request);
    facts.peek = Peek::fin;
    EXPECT_EQ(cause_unasked(facts), Cause::client_gone);
}

TEST(CauseOfClose, IsTheLastRepliesWhereItDecided) {
    CauseFacts facts = kept_alive();
    facts.after_reply = Cause::client_asked;
    for (const Peek peek : {Peek::nothing, Peek::data, Peek::fin}) {
        facts.peek = peek;
        EXPECT_EQ(cause_unasked(facts), Cause::client_asked);
    }
}

TEST(CauseOfClose, IsTheClientWhereItsRstTookTheReplyAway) {
    CauseFacts facts = kept_alive();
    facts.after_reply = Cause::client_asked;
    for (const Peek peek : {Peek::reset, Peek::closed, Peek::fin_then_reset}) {
        facts.peek = peek;
        EXPECT_EQ(cause_unasked(facts), Cause::client_gone);
    }
}

TEST(CauseOfClose, OfATunnelIsItsEndWhoeverWentFirst) {
    CauseFacts facts = kept_alive();
    facts.after_reply = Cause::tunnel_end;
    for (const Peek peek : kGone) {
        facts.peek = peek;
        EXPECT_EQ(cause_unasked(facts), Cause::tunnel_end);
    }
}

TEST(CauseOfClose, IsTheClientWhereItsFinOrRstIsThere) {
    for (const CauseFacts& of : {kept_alive(9s), on_event(9s), on_http_2(9s), without_request()}) {
        for (const Peek peek : kGone) {
            CauseFacts facts = of;
            facts.peek = peek;
            facts.stopping = true;
            EXPECT_EQ(cause_unasked(facts), Cause::client_gone);
        }
    }
}

TEST(CauseOfClose, IsStoppingBeforeAnyTimeout) {
    for (const CauseFacts& of : {kept_alive(9s), on_event(9s), on_http_2(9s), without_request()}) {
        CauseFacts facts = of;
        facts.stopping = true;
        EXPECT_EQ(cause_unasked(facts), Cause::stopping);
    }
}

TEST(CauseOfClose, OfAReplyThatWasGivenUpIsTimeoutIfTheClientIsThere) {
    CauseFacts facts = kept_alive();
    facts.reply_given_up = true;
    for (const Peek peek : kThere) {
        facts.peek = peek;
        EXPECT_EQ(cause_unasked(facts), Cause::request_timeout);
    }
    for (const Peek peek : kGone) {
        facts.peek = peek;
        EXPECT_EQ(cause_unasked(facts), Cause::client_gone);
    }
}

TEST(CauseOfClose, OfAReplyThatWasGivenUpIsTimeoutWhateverItSaid) {
    CauseFacts facts = kept_alive();
    facts.reply_given_up = true;
    facts.after_reply = Cause::client_asked;
    EXPECT_EQ(cause_unasked(facts), Cause::request_timeout);
    facts.after_reply = Cause::tunnel_end;
    EXPECT_EQ(cause_unasked(facts), Cause::tunnel_end);
}

TEST(CauseWithoutRequest, IsNoRequestWithoutAByte) {
    CauseFacts facts = without_request();
    EXPECT_EQ(cause_if_silent(facts, 0s, false), Cause::no_request);
    facts.short_note = true;
    EXPECT_EQ(cause_if_silent(facts, 0s, false), Cause::no_request);
}

TEST(CauseWithoutRequest, IsARequestTimeoutAfterHalfOfOne) {
    CauseFacts facts = without_request();
    EXPECT_EQ(cause_if_silent(facts, 60s), Cause::request_timeout);
    facts.short_note = true;
    EXPECT_EQ(cause_if_silent(facts, 1s), Cause::request_timeout);
}

TEST(CauseWithoutRequest, IsAnErrorWhereBytesWereNoRequest) {
    EXPECT_EQ(cause_if_silent(without_request(), 1s), Cause::error);
}

TEST(CauseWithoutRequest, OnTlsIsNoRequestAfterOnlyAHandshake) {
    CauseFacts facts = without_request();
    facts.tls = true;
    EXPECT_EQ(cause_if_silent(facts, 60s), Cause::no_request);
    EXPECT_EQ(cause_if_silent(facts, 1s), Cause::client_gone) << "its close_notify was read";
    facts.short_note = true;
    EXPECT_EQ(cause_unasked(facts), Cause::no_request);
}

TEST(CauseWithoutRequest, OnHttp2IsNoRequestAfterOnlyAPreface) {
    CauseFacts facts = without_request();
    facts.http_2 = true;
    EXPECT_EQ(cause_if_silent(facts, 5s), Cause::no_request);
    EXPECT_EQ(cause_if_silent(facts, 1s), Cause::error) << "a preface that is none";
    facts.tls = true;
    EXPECT_EQ(cause_if_silent(facts, 1s), Cause::client_gone) << "its close_notify was read";
}

TEST(CauseOfClose, IsOtherWhereNothingExplainsIt) {
    EXPECT_EQ(cause_if_silent(kept_alive(), 1s), Cause::other);
    EXPECT_EQ(cause_unasked(on_event()), Cause::other);
    EXPECT_EQ(cause_if_not_told(kept_alive()), Cause::other);
    EXPECT_EQ(cause_if_not_told(without_request()), Cause::other);
    EXPECT_EQ(cause_if_not_told(on_http_2(90s)), Cause::other);
}

}  // namespace
}  // namespace finwait
