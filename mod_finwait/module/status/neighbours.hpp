// SPDX-License-Identifier: Apache-2.0
//
// Asks httpd where its connections begin (its listeners) and end (mod_proxy's workers, where
// mod_proxy is loaded). Any thread that serves a request.
#pragma once

#include "module/httpd.hpp"
#include "module/status/foreign.hpp"

namespace finwait {

[[nodiscard]] Neighbours neighbours_of(server_rec* main_server);

}  // namespace finwait
