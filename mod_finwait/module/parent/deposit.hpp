// SPDX-License-Identifier: Apache-2.0
//
// httpd does not say whether a restart will load the module again. So at the end of each
// configuration the parent lays down every descriptor of ours, in flight in a socket pair whose
// receiving end each closer has too, and the next configuration takes them up. If none comes, the
// closer lets go of them (closer/channel/deposit.hpp): then nobody has the channel's sending ends
// but children that are still there, nor a log program's pipe.
//
// What is laid down is one message, so that one takes all of it or nothing. Parent only.
#pragma once

#include "module/parent/runtime.hpp"

namespace finwait {

// Leaves all as it is, with a line in the error log, if it cannot be laid down.
void lay_down(Runtime& runtime);

// False if nothing lies there.
[[nodiscard]] bool take_up(Runtime& runtime);

}  // namespace finwait
