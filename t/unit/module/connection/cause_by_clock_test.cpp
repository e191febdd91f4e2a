// SPDX-License-Identifier: Apache-2.0
//
// Where httpd closes between two requests, the clocks tell why.
#include "unit/module/connection/cause_facts.hpp"

namespace finwait {
namespace {

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
}  // namespace
}  // namespace finwait
