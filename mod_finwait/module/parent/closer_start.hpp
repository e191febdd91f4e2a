// SPDX-License-Identifier: Apache-2.0
//
// Starting a closer, and starting it again when it has died. Parent only.
#pragma once

#include "module/parent/runtime.hpp"

namespace finwait {

// An O_PATH descriptor of what is at closer_path(), -1 with errno set if nothing is.
[[nodiscard]] int open_closer_executable();

// FinWaitUser, or the server's User and Group.
[[nodiscard]] CloserUser closer_user();

// On the channel there is. What does not become ready is tried again by look_after_closers(), later
// and later; what never will is given up until the next restart.
void start_or_give_up(Runtime& runtime, CloserProcess& closer, apr_pool_t* pconf);

// After one was ended because it hung.
void start_again(Runtime& runtime, CloserProcess& closer, apr_pool_t* pconf);

// httpd's loop shall tell of its death.
void watch_closer(CloserProcess& closer, apr_pool_t* pconf);

}  // namespace finwait
