// SPDX-License-Identifier: Apache-2.0
#include "module/connection/cause.hpp"

#include <gtest/gtest.h>

namespace finwait {
namespace {

using namespace std::chrono_literals;

constexpr Peek kThere[] = {Peek::nothing, Peek::data};
constexpr Peek kGone[] = {Peek::fin, Peek::reset, Peek::closed, Peek::fin_then_reset};

// A keep-alive connection after one reply; KeepAliveTimeout 5, Timeout 60.
CauseFacts kept_alive(std::chrono::nanoseconds since_reply = 1s) {
    CauseFacts facts;
    facts.requests = 1;
    facts.since_reply = since_reply;
    facts.keep_alive_timeout = 5s;
    facts.timeout = 60s;
    return facts;
}

CauseFacts on_event(std::chrono::nanoseconds since_reply = 1s) {
    CauseFacts facts = kept_alive(since_reply);
    facts.async = true;
    return facts;
}

CauseFacts without_request() {
    CauseFacts facts = kept_alive();
    facts.requests = 0;
    facts.since_reply = std::nullopt;
    return facts;
}

CauseFacts on_http_2(std::chrono::nanoseconds since_reply = 1s) {
    CauseFacts facts = kept_alive(since_reply);
    facts.tls = facts.http_2 = true;
    return facts;
}

// The client was silent for so long; without bytes it always was.
Cause cause_if_silent(const CauseFacts& facts, std::chrono::milliseconds time, bool any = true) {
    return cause_of_close(facts, [&] { return Received{any, time, std::nullopt}; });
}

// Nothing of the socket may be needed.
Cause cause_unasked(const CauseFacts& facts) {
    return cause_of_close(facts, []() -> std::optional<Received> {
        ADD_FAILURE() << "a system call for what is known";
        return std::nullopt;
    });
}

Cause cause_if_not_told(const CauseFacts& facts) {
    return cause_of_close(facts, [] { return std::nullopt; });
}

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

TEST(CauseOnEvent, IsTheKeepAliveTimeoutFromItsFirstNanosecond) {
    EXPECT_EQ(cause_unasked(on_event(5s)), Cause::keepalive_timeout);
    EXPECT_NE(cause_unasked(on_event(5s - 1ns)), Cause::keepalive_timeout);
}

TEST(CauseOnEvent, IsBusyWorkersOnlyWhereItClosesEarly) {
    for (const Peek peek : kThere) {
        CauseFacts facts = on_event();
        facts.short_note = true;
        facts.peek = peek;
        EXPECT_EQ(cause_unasked(facts), Cause::workers_busy);
        facts.since_reply = 5s;
        EXPECT_EQ(cause_unasked(facts), Cause::keepalive_timeout);
    }
}

TEST(CauseOnEvent, IsARequestTimeoutWhereItHadBegunToRead) {
    CauseFacts facts = on_event(9s);
    facts.begun = true;
    EXPECT_EQ(cause_unasked(facts), Cause::request_timeout);
    facts.tls = facts.short_note = true;  // mod_reqtimeout's
    EXPECT_EQ(cause_unasked(facts), Cause::request_timeout);
}

TEST(CauseOnEvent, OnTlsWhatItHadBegunToReadMayBeACloseNotify) {
    CauseFacts facts = on_event(9s);
    facts.begun = facts.tls = true;
    EXPECT_EQ(cause_if_silent(facts, 60s), Cause::request_timeout);
    EXPECT_EQ(cause_if_silent(facts, 0s), Cause::client_gone);
    EXPECT_EQ(cause_if_not_told(facts), Cause::client_gone);
}

TEST(CauseOnAWorker, IsTheKeepAliveTimeoutFromItsFirstNanosecond) {
    EXPECT_EQ(cause_if_silent(kept_alive(5s), 5s), Cause::keepalive_timeout);
    EXPECT_NE(cause_if_silent(kept_alive(5s - 1ns), 5s), Cause::keepalive_timeout);
}

TEST(CauseOnAWorker, IsARequestTimeoutByModReqtimeout) {
    CauseFacts facts = kept_alive();
    facts.short_note = true;
    EXPECT_EQ(cause_unasked(facts), Cause::request_timeout);
}

TEST(CauseOnAWorker, IsARequestTimeoutWhereBytesCameAfterTheReply) {
    CauseFacts facts = kept_alive(90s);
    EXPECT_EQ(cause_if_silent(facts, 60s), Cause::request_timeout);
    // A request's first line is waited for no longer than KeepAliveTimeout.
    EXPECT_EQ(cause_if_silent(kept_alive(8s), 5s), Cause::request_timeout);
    facts.timeout = 2s;
    EXPECT_EQ(cause_if_silent(facts, 2s), Cause::request_timeout);
}

// A scheduler that came late to the log: the client had the reply, and went on before that.
TEST(CauseOnAWorker, IsARequestTimeoutWhereBytesCameBeforeTheReplyWasLogged) {
    const CauseFacts facts = kept_alive(5s);
    const auto cause = [&](std::optional<std::chrono::milliseconds> since_sent) {
        return cause_of_close(facts, [&] { return Received{true, 5020ms, since_sent}; });
    };
    EXPECT_EQ(cause(5040ms), Cause::request_timeout);
    EXPECT_EQ(cause(5025ms), Cause::keepalive_timeout) << "within a jiffy or two";
    EXPECT_EQ(cause(1s), Cause::keepalive_timeout) << "sent again";
    EXPECT_EQ(cause(std::nullopt), Cause::keepalive_timeout) << "not yet sent";
}

TEST(CauseOnAWorker, IsARequestTimeoutWhereBytesCameWithTheLastRequest) {
    CauseFacts facts = kept_alive(5s);
    facts.begun = true;
    EXPECT_EQ(cause_if_silent(facts, 5s), Cause::request_timeout);
}

TEST(CauseOnAWorker, IsTheClientWhereItsCloseNotifyCame) {
    CauseFacts facts = kept_alive();
    facts.tls = true;
    EXPECT_EQ(cause_if_silent(facts, 0s), Cause::client_gone);
}

TEST(CauseOnHttp2, IsARequestTimeoutWhereTheClientLeavesItsWindowShut) {
    CauseFacts facts = on_http_2(60s);  // a file is logged as soon as mod_http2 has it
    facts.answering = true;
    EXPECT_EQ(cause_if_silent(facts, 60s), Cause::request_timeout);
    facts.async = true;
    EXPECT_EQ(cause_if_silent(facts, 60s), Cause::request_timeout);
    facts.since_reply = std::nullopt;
    EXPECT_EQ(cause_if_silent(facts, 60s), Cause::request_timeout);
    facts.timeout = 2s;  // less than KeepAliveTimeout
    EXPECT_EQ(cause_if_silent(facts, 2s), Cause::request_timeout);
}

TEST(CauseOnHttp2, IsTheClientWhereItLeavesDuringAReply) {
    CauseFacts facts = on_http_2(60s);
    facts.answering = true;
    EXPECT_EQ(cause_if_silent(facts, 0s), Cause::client_gone);
}

TEST(CauseOnHttp2, IsTheKeepAliveTimeoutWhereNothingIsAnswered) {
    EXPECT_EQ(cause_if_silent(on_http_2(5s), 5s), Cause::keepalive_timeout);
    EXPECT_EQ(cause_if_silent(on_http_2(90s), 90s), Cause::keepalive_timeout);
    CauseFacts facts = on_http_2(5s);
    facts.answering = true;  // by a thread that has nothing left to say
    EXPECT_EQ(cause_if_silent(facts, 5s), Cause::keepalive_timeout);
    facts = on_http_2(5s);
    facts.async = facts.short_note = true;
    EXPECT_EQ(cause_if_silent(facts, 5s), Cause::keepalive_timeout);
    facts.since_reply = std::nullopt;
    EXPECT_EQ(cause_if_silent(facts, 5s), Cause::keepalive_timeout);
}

TEST(CauseOnHttp2, IsBusyWorkersOnlyWhereEventClosesEarly) {
    CauseFacts facts = on_http_2();
    facts.async = facts.short_note = true;
    EXPECT_EQ(cause_if_silent(facts, 1s), Cause::workers_busy);
}

TEST(CauseOnHttp2, IsTheClientWhereItsGoawayCame) {
    for (const bool async : {false, true}) {
        CauseFacts facts = on_http_2(90s);
        facts.async = async;
        EXPECT_EQ(cause_if_silent(facts, 1s), Cause::client_gone);
    }
}

// No fact that was not learnt takes part.
TEST(CauseOfClose, IsOtherWhereNothingExplainsIt) {
    EXPECT_EQ(cause_if_silent(kept_alive(), 1s), Cause::other);
    EXPECT_EQ(cause_unasked(on_event()), Cause::other);
    EXPECT_EQ(cause_if_not_told(kept_alive()), Cause::other);
    EXPECT_EQ(cause_if_not_told(without_request()), Cause::other);
    EXPECT_EQ(cause_if_not_told(on_http_2(90s)), Cause::other);
}

}  // namespace
}  // namespace finwait
