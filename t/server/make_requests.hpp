// SPDX-License-Identifier: Apache-2.0
//
// Load that is not ahead of the closer: when that gets a core, and how full the channel is by then,
// is the scheduler's.
#pragma once

#include "clients/crowd.hpp"
#include "server/httpd.hpp"

namespace finwait::test {

// `load` makes none but what is allowed; so many at a time, and when the closer has received those,
// the next.
inline void make_requests(Httpd& httpd, Load& load, std::uint64_t requests,
                          std::uint64_t together) {
    const auto received = [&] { return read(httpd.counters().closer().received); };
    for (std::uint64_t made = 0; made < requests; made += together) {
        const std::uint64_t answered_then = load.requests() + together;
        load.allow(static_cast<std::ptrdiff_t>(together));
        ASSERT_EVENTUALLY(load.requests(), answered_then);
        ASSERT_EVENTUALLY(received(), testing::Ge(httpd.counters().closes()));
    }
}

}  // namespace finwait::test
