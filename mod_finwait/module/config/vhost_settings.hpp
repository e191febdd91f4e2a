// SPDX-License-Identifier: Apache-2.0
//
// What one virtual host's directives come to, merged and with every default filled in. Built in
// post_config, in pconf; read-only afterwards, from any thread. No httpd, no APR.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "finwait/handoff.hpp"

namespace finwait {

struct VhostSettings {
    bool engine = true;
    Policy policy;  // drain_timeout_ms is the full one
    std::uint32_t short_drain_timeout_ms = 2'000;
    std::optional<AutoRule> auto_rule;
    std::string_view name;  // at most kVhostMax bytes
    LogIds logs;            // of a close without a request: no variable is set
};

}  // namespace finwait
