// SPDX-License-Identifier: Apache-2.0
//
// What the environment variables say of one client: `finwait-drain`, `finwait-idle`,
// `finwait-timeout` and `finwait-method` take the place of its virtual host's FinWaitDrainTimeout,
// FinWaitDrainIdleTimeout, FinWaitTimeout and FinWaitMethod, `finwait-nolog` of its logs. Set by
// BrowserMatch, SetEnvIf, SetEnvIfExpr, RewriteRule or any other module, and read when a request is
// logged: the last one decides.
#pragma once

#include "module/connection/client_policy.hpp"
#include "module/httpd.hpp"

namespace finwait {

// Whether there are any variables of ours, those above or the one of FinWaitAuto (remedy.cpp):
// their names begin with `finwait-`. Most requests have none, and six questions for them would be a
// third of what the module adds to a request.
[[nodiscard]] bool has_client_variables(const request_rec* r);

// A value that is none is ignored, and told once per child process and variable.
[[nodiscard]] ClientPolicy client_policy_of(const request_rec* r);

[[nodiscard]] bool hides_from_logs(const request_rec* r);

}  // namespace finwait
