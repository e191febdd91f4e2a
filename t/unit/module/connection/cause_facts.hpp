// SPDX-License-Identifier: Apache-2.0
//
// What the tests of causes begin with.
#pragma once

#include <gtest/gtest.h>

#include "module/connection/cause.hpp"

namespace finwait {

using namespace std::chrono_literals;

inline constexpr Peek kThere[] = {Peek::nothing, Peek::data};
inline constexpr Peek kGone[] = {Peek::fin, Peek::reset, Peek::closed, Peek::fin_then_reset};

// A keep-alive connection after one reply; KeepAliveTimeout 5, Timeout 60.
inline CauseFacts kept_alive(std::chrono::nanoseconds since_reply = 1s) {
    CauseFacts facts;
    facts.requests = 1;
    facts.since_reply = since_reply;
    facts.keep_alive_timeout = 5s;
    facts.timeout = 60s;
    return facts;
}

inline CauseFacts on_event(std::chrono::nanoseconds since_reply = 1s) {
    CauseFacts facts = kept_alive(since_reply);
    facts.async = true;
    return facts;
}

inline CauseFacts without_request() {
    CauseFacts facts = kept_alive();
    facts.requests = 0;
    facts.since_reply = std::nullopt;
    return facts;
}

inline CauseFacts on_http_2(std::chrono::nanoseconds since_reply = 1s) {
    CauseFacts facts = kept_alive(since_reply);
    facts.tls = facts.http_2 = true;
    return facts;
}

// The client was silent for so long; without bytes it always was.
inline Cause cause_if_silent(const CauseFacts& facts, std::chrono::milliseconds time,
                             bool any = true) {
    return cause_of_close(facts, [&] { return Received{any, time, std::nullopt}; });
}

// Nothing of the socket may be needed.
inline Cause cause_unasked(const CauseFacts& facts) {
    return cause_of_close(facts, []() -> std::optional<Received> {
        ADD_FAILURE() << "a system call for what is known";
        return std::nullopt;
    });
}

inline Cause cause_if_not_told(const CauseFacts& facts) {
    return cause_of_close(facts, [] { return std::nullopt; });
}

}  // namespace finwait
