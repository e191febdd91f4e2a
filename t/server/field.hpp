// SPDX-License-Identifier: Apache-2.0
//
// Faults of clients and backends, as people report them of any server: each is played to httpd as
// Debian ships it and to httpd with the module, all of a table at once. The client must get the
// same bytes and the same end from both; the Record must say what happened. The clients stay, so
// that the socket has only our limits.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "server/each.hpp"

namespace finwait::test {

struct Fault {
    const char* name;
    Transport transport;
    std::function<void(Client&)> play;
    Cause cause;
    std::uint32_t requests;
    HttpVersion http;
    std::optional<Outcome> outcome = Outcome::timeout;  // nothing: a race decides it
    // False: a reply on HTTP/2 has its date compressed, or two threads write frames.
    bool same_bytes = true;
    // As true as `cause`: a race within httpd decides which it is.
    std::optional<Cause> other_cause = std::nullopt;
};

void expect_as_stock_and_recorded(Mpm mpm, const std::string& directives,
                                  std::span<const Fault> faults,
                                  const std::vector<std::string>& expected_errors = {});

}  // namespace finwait::test
