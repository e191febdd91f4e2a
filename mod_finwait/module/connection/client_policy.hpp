// SPDX-License-Identifier: Apache-2.0
//
// Where one client's Policy differs from its virtual host's. Plain values; no httpd, no APR.
#pragma once

#include <cstdint>
#include <optional>

#include "finwait/handoff.hpp"

namespace finwait {

// What the remedy `short` leaves of a Policy.
inline constexpr std::uint32_t kCutShortMs = 1'000;

struct ClientPolicy {
    std::optional<std::uint32_t> drain_timeout_ms;
    std::optional<std::uint32_t> drain_idle_timeout_ms;
    std::optional<std::uint32_t> wait_timeout_ms;
    std::optional<Method> method;

    void apply_to(Policy& policy) const {
        policy.drain_timeout_ms = drain_timeout_ms.value_or(policy.drain_timeout_ms);
        policy.drain_idle_timeout_ms = drain_idle_timeout_ms.value_or(policy.drain_idle_timeout_ms);
        policy.wait_timeout_ms = wait_timeout_ms.value_or(policy.wait_timeout_ms);
        policy.method = method.value_or(policy.method);
    }
};

}  // namespace finwait
