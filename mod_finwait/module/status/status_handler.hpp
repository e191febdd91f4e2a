// SPDX-License-Identifier: Apache-2.0
//
// The handler finwait-status, and the section in mod_status' page. Any thread that serves a
// request; they read the books and wait for nobody.
#pragma once

#include "module/httpd.hpp"

namespace finwait {

int on_status_request(request_rec* r);

// Optional: mod_status need not be loaded.
void hook_into_mod_status();

}  // namespace finwait
