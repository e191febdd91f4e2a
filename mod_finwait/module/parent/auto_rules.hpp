// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "finwait/control.hpp"
#include "module/httpd.hpp"

namespace finwait {

// The different rules of FinWaitAuto in the whole configuration, at most kAutoRulesMax: the error
// log says which virtual host's is one too many. Precondition: the configuration is settled.
[[nodiscard]] std::vector<AutoRule> auto_rules(const server_rec* main_server);

}  // namespace finwait
