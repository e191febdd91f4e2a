// SPDX-License-Identifier: Apache-2.0
//
// What the parent does: at each start and restart it settles the configuration, opens the logs and
// sees to the closer; while the server runs it passes on what closers and children have counted; at
// the end it stops the closers and says the totals.
#pragma once

#include "module/httpd.hpp"

namespace finwait {

int on_post_config(apr_pool_t* pconf, apr_pool_t* plog, apr_pool_t* ptemp, server_rec* main_server);
int on_monitor(apr_pool_t* pool, server_rec* main_server);

}  // namespace finwait
