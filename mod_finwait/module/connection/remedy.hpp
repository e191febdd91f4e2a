// SPDX-License-Identifier: Apache-2.0
//
// A learnt remedy and one request. The remedy stands in the environment variable `finwait-remedy`
// of the request that it was applied to, so that CustomLog can show it.
#pragma once

#include "finwait/words.hpp"
#include "module/httpd.hpp"

namespace finwait {

// Looks the client up where FinWaitAuto is On and sets `nokeepalive` if that is what it gets,
// unless it came through a proxy (Via, or others' requests before it on the connection). Where
// httpd heeds it, an administrator's own `nokeepalive` leaves nothing to do.
void apply_remedy(request_rec* r);

[[nodiscard]] Remedy remedy_of(const request_rec* r);

}  // namespace finwait
