// SPDX-License-Identifier: Apache-2.0
//
// What configtest can know beyond single directives, and a start or a restart only writes into the
// error log, because a server that runs goes on.
#pragma once

#include "module/httpd.hpp"

namespace finwait {

int on_check_config(apr_pool_t* pconf, apr_pool_t* plog, apr_pool_t* ptemp,
                    server_rec* main_server);

}  // namespace finwait
